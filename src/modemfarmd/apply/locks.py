# SPDX-License-Identifier: GPL-3.0-or-later
"""One lock per modem, so that no two runs change the same modem at once.

Between processes: flock on <folder>/<serial>, which the kernel drops when its holder dies; the
file says who holds it. Between the threads of this process: first come, first served.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from modemfarm.errors import TransientError

FOLDER = Path("/run/lock/modemfarm")
TIMEOUT_S = 120.0  # longer than the longest ordinary job: 45 s of waiting and Ansible itself
LOOK_S = 0.1  # how often a lock of another process is tried again


class BusyError(TransientError):
    """Another run holds one of the modems."""


class Locks:
    """Takes the locks of a batch, all or none, always in the same order: no deadlock."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._turn = threading.Condition()
        self._lines: dict[str, list[object]] = {}
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)

    @contextmanager
    def hold(
        self, serials: Sequence[str], holder: str, timeout: float = TIMEOUT_S
    ) -> Iterator[None]:
        """Hold all of `serials`; BusyError names who holds the one that was not to be had."""
        deadline = time.monotonic() + timeout
        with ExitStack() as stack:
            for serial in sorted(set(serials)):
                stack.enter_context(self._queue(serial, deadline))
                stack.enter_context(self._flock(serial, holder, deadline))
            yield

    @contextmanager
    def _queue(self, serial: str, deadline: float) -> Iterator[None]:
        """Wait for our turn among the threads of this process."""
        ticket = object()
        with self._turn:
            line = self._lines.setdefault(serial, [])
            line.append(ticket)
            first = self._turn.wait_for(
                lambda: line[0] is ticket, max(0.0, deadline - time.monotonic())
            )
            if not first:
                self._leave(serial, ticket)
                raise self._busy(serial)
        try:
            yield
        finally:
            with self._turn:
                self._leave(serial, ticket)

    def _leave(self, serial: str, ticket: object) -> None:
        line = self._lines[serial]
        line.remove(ticket)
        if not line:
            del self._lines[serial]
        self._turn.notify_all()

    @contextmanager
    def _flock(self, serial: str, holder: str, deadline: float) -> Iterator[None]:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        handle = os.open(self._folder / serial, flags, 0o644)
        try:
            while not _try_lock(handle):
                if time.monotonic() >= deadline:
                    raise self._busy(serial)
                time.sleep(LOOK_S)
            os.truncate(handle, 0)
            os.pwrite(handle, f"{holder}\n".encode(), 0)
            yield
            os.truncate(handle, 0)
        finally:
            os.close(handle)

    def _busy(self, serial: str) -> BusyError:
        try:
            holder = (self._folder / serial).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            holder = ""
        return BusyError(
            f"modem {serial} is held by {holder[:100] or 'another run'}", "wait and try again"
        )


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
