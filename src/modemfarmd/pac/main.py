# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m modemfarmd.pac.main`: what modemfarm-pac.socket starts. Reads files, writes none."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from modemfarm.settings import DEFAULT_PATH as SETTINGS
from modemfarm.snapshot import DEFAULT_PATH as SNAPSHOT

from .server import IDLE_S, Server
from .state import Files

FIRST = 3  # sd_listen_fds(3)


def listeners(environ: Mapping[str, str], process: int) -> list[socket.socket]:
    """The sockets that systemd has opened for this process; none where it has not."""
    if environ.get("LISTEN_PID") != str(process):
        return []
    count = environ.get("LISTEN_FDS", "0")
    return [socket.socket(fileno=FIRST + n) for n in range(int(count) if count.isdigit() else 0)]


def main() -> None:
    """Entry point; exit 0 when nobody has asked for a while."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    found = listeners(os.environ, os.getpid())
    if not found:
        sys.stderr.write("modemfarm-pac: no socket; start modemfarm-pac.socket instead\n")
        sys.exit(2)
    files = Files(
        Path(os.environ.get("MODEMFARM_SETTINGS", str(SETTINGS))),
        Path(os.environ.get("MODEMFARM_SNAPSHOT", str(SNAPSHOT))),
    )
    Server(files).run(found, float(os.environ.get("MODEMFARM_PAC_IDLE_S", str(IDLE_S))))


if __name__ == "__main__":
    main()
