# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm-apply`: the root helper. Socket-activated; `--socket PATH` listens by itself."""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from .. import logs
from .leftovers import settle_leftovers
from .peer import group_id
from .service import JOB_S, Config, Service
from .warm_runner import WarmServer

log = logging.getLogger("modemfarm.apply")

PROJECT = Path("/usr/share/modemfarm")
WORK = Path("/run/modemfarm-apply")
LISTEN_FDS_START = 3  # sd_listen_fds(3)


def activated(environ: Mapping[str, str]) -> socket.socket | None:
    """The listening socket that systemd passed, None when it passed none."""
    if environ.get("LISTEN_PID") != str(os.getpid()) or environ.get("LISTEN_FDS") != "1":
        return None
    listener = socket.socket(fileno=LISTEN_FDS_START)
    listener.set_inheritable(False)
    return listener


def listen(path: Path) -> socket.socket:
    """Listen at `path`, mode 0660, group modemfarm where there is one.

    The name appears when everything is in place: who sees it can connect.
    """
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o117)
    try:
        listener.bind(str(fresh))
    finally:
        os.umask(before)
    group = group_id()
    if group is not None and os.geteuid() == 0:
        os.chown(fresh, 0, group)
    listener.listen()
    fresh.replace(path)
    return listener


def work_folder(wanted: Path | None, environ: Mapping[str, str]) -> Path:
    """Where jobs keep their private directories: ours alone, emptied of what a crash left."""
    given = environ.get("RUNTIME_DIRECTORY") or environ.get("STATE_DIRECTORY")
    folder = wanted or (Path(given.partition(":")[0]) if given else WORK)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.glob("job-*"):
        shutil.rmtree(left, ignore_errors=True)
    return folder


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="modemfarm-apply", description=__doc__)
    parser.add_argument("--socket", type=Path, help="listen here instead of socket activation")
    parser.add_argument("--project", type=Path, default=PROJECT, help="folder with the plays")
    parser.add_argument("--work", type=Path, help="folder for private directories of jobs")
    parser.add_argument("--job-timeout", type=float, default=JOB_S, metavar="SECONDS")
    return parser.parse_args(argv)


def main() -> None:
    """Entry point of modemfarm-apply."""
    logs.setup(os.environ.get("MODEMFARM_LOG", "INFO"))
    arguments = _arguments(sys.argv[1:])
    listener = listen(arguments.socket) if arguments.socket else activated(os.environ)
    if listener is None:
        sys.stderr.write("modemfarm-apply: no socket from systemd; or use --socket PATH\n")
        sys.exit(2)
    work = work_folder(arguments.work, os.environ)
    config = Config(arguments.project, work, job_timeout=arguments.job_timeout)
    warm = WarmServer(arguments.project, work)
    warm.start()
    service = Service(config, warm.run)
    threading.Thread(target=settle_leftovers, daemon=True).start()
    stop = threading.Event()
    wake, waker = socket.socketpair()

    def end(*_: object) -> None:
        stop.set()
        waker.send(b"x")

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    with listener, wake, waker:
        service.serve(listener, stop, wake)
    warm.stop()


if __name__ == "__main__":
    main()
