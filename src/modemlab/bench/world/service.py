# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm-apply as a process, with Ansible preloaded."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modemfarmd.agent.client import SOCKET

from .host import World

START_CAP_S = 60.0
LOOK_S = 0.05


@contextmanager
def running(world: World, folder: Path) -> Iterator[Path]:
    """Its socket, when Ansible is in memory. RuntimeError with its words when it does not start."""
    log = world.root / "apply.log"
    command = [sys.executable, "-m", "modemfarmd.apply.main", "--socket", str(SOCKET),
               "--project", str(folder), "--work", "/run/modemfarm-apply"]  # fmt: skip
    with log.open("wb") as output, subprocess.Popen(command, stderr=output) as process:
        try:
            deadline = time.monotonic() + START_CAP_S
            while b"preloaded" not in log.read_bytes():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"modemfarm-apply does not start: {log.read_text()}")
                time.sleep(LOOK_S)
            yield SOCKET
        finally:
            process.terminate()
