# SPDX-License-Identifier: GPL-3.0-or-later
"""A fair queue for one port, between threads and processes of all users.

Who wants the port puts a ticket into a directory: a FIFO with the next number, held open and
flocked. Its turn comes when no lower ticket is held any more. A waiter opens the ticket before its
own and polls it: the kernel hangs it up in the moment its owner closes it or dies, so a killed
holder or waiter delays nobody. Numbers are given under a flock of the directory, for microseconds.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from ..errors import CommandCancelledError
from . import port_holder
from .waker import Waker

GATE_S = 1.0  # the gate is held for microseconds; only a stopped process keeps it for longer
GATE_STEP_S = 0.001
MODE = 0o644  # others must be able to open a ticket to see whether it is held


class PortQueue:
    """One place in the queue for the port called `name` (ttyUSB3)."""

    def __init__(self, directory: Path, name: str, device: str, waker: Waker) -> None:
        self._directory = directory
        self._prefix = f"{name}."
        self._device = device
        self._waker = waker
        self._number = 0
        self._handle: int | None = None
        self._path = directory

    def join(self, deadline: float) -> None:
        """Wait for our turn, until `deadline` (time.monotonic()).

        PortBusyError naming the holder when it does not come, at once without joining when the
        deadline is over; CommandCancelledError. Without the right to write to the directory there
        is no queue.
        """
        try:
            with self._gate(deadline):
                if time.monotonic() >= deadline:
                    self._refuse_if_held()
                self._take_ticket()
        except OSError:
            return
        try:
            while (before := self._ticket_before()) is not None:
                self._wait_for(before, deadline)
        except BaseException:
            self.leave()
            raise

    def leave(self) -> None:
        """Let the next one go on; harmless when we are not in the queue."""
        handle, self._handle = self._handle, None
        if handle is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()
            os.close(handle)

    def pause(self, seconds: float, handle: int | None = None) -> None:
        """Wait for a time, or for an event of `handle`. CommandCancelledError."""
        _events, woken = self._waker.wait(seconds, handle)
        if woken:
            raise CommandCancelledError(
                f"the wait for {self._device} was cancelled", "ask again when it is needed"
            )

    @contextlib.contextmanager
    def _gate(self, deadline: float) -> Iterator[None]:
        gate = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            last = max(deadline, time.monotonic() + GATE_S)
            while not _locked(gate, fcntl.LOCK_EX):
                if time.monotonic() > last:
                    raise port_holder.busy(self._device)
                self.pause(GATE_STEP_S)
            yield
        finally:
            os.close(gate)

    def _take_ticket(self) -> None:
        self._number = max((number for number, _ in self._tickets()), default=0) + 1
        self._path = self._directory / f"{self._prefix}{self._number:06d}.{os.getpid()}"
        os.mkfifo(self._path, MODE)
        handle = os.open(self._path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        os.fchmod(handle, MODE)  # whatever the umask has made of it
        fcntl.flock(handle, fcntl.LOCK_EX)
        self._handle = handle

    def _tickets(self) -> list[tuple[int, Path]]:
        """All tickets for the port, lowest first, dead ones too."""
        found = []
        for path in self._directory.glob(f"{self._prefix}[0-9]*.[0-9]*"):
            number, _, pid = path.name.removeprefix(self._prefix).partition(".")
            if number.isdecimal() and pid.isdecimal():
                found.append((int(number), path))
        return sorted(found)

    def _ticket_before(self) -> int | None:
        """The last held ticket before ours, open for polling; dead ones are thrown away."""
        for number, path in reversed(self._tickets()):
            if number < self._number and (handle := _open_held(path)) is not None:
                return handle
        return None

    def _wait_for(self, handle: int, deadline: float) -> None:
        try:
            left = deadline - time.monotonic()
            if left <= 0:
                raise port_holder.busy(self._device, self._head())
            self.pause(left, handle)
        finally:
            os.close(handle)

    def _refuse_if_held(self) -> None:
        head = self._head()
        if head is not None:
            raise port_holder.busy(self._device, head)

    def _head(self) -> int | None:
        """The process whose turn it is; None for nobody."""
        for number, path in self._tickets():
            mine = self._handle is not None and number >= self._number
            if not mine and (handle := _open_held(path)) is not None:
                os.close(handle)
                return int(path.suffix[1:])
        return None


def _open_held(path: Path) -> int | None:
    """The ticket, opened; None when nobody holds it any more: then it is removed.

    Only for tickets below our own, or under the gate: a new one is not flocked at once.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None  # left meanwhile
    if not _locked(handle, fcntl.LOCK_SH):
        return handle
    os.close(handle)
    with contextlib.suppress(OSError):
        path.unlink()
    return None


def _locked(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
