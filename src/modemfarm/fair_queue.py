# SPDX-License-Identifier: GPL-3.0-or-later
"""A fair queue for a port or a modem's messages, between threads and processes of all users.

Who wants one puts a ticket into a directory: a FIFO with the next number, held open and
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

from . import processes
from .errors import CommandCancelledError, NotPermittedError, PortBusyError, ToolError
from .ticket import Ticket, file_name, tickets_of
from .waker import Waker

LOCK_DIR = Path("/run/lock")
QUEUE_DIR = "modemfarm"  # in LOCK_DIR, for root and the group dialout; else LOCK_DIR itself is used
GATE_S = 1.0  # the gate is held for microseconds; only a stopped process keeps it for longer
GATE_STEP_S = 0.001
MODE = 0o644  # others must be able to open a ticket to see whether it is held
REMEDY = "wait until it has finished, or end it"


class FairQueue:
    """One place in the queue `name` (part of file names), for what errors call `subject`.

    `doing` tells those behind us what we are at. All users who may read it may see it.
    """

    def __init__(
        self, lock_dir: Path, name: str, subject: str, waker: Waker, doing: str = ""
    ) -> None:
        own = lock_dir / QUEUE_DIR
        self._directory = own if own.is_dir() else lock_dir
        self._name = name
        self._subject = subject
        self._waker = waker
        self._doing = doing
        self._number = 0
        self._handle: int | None = None
        self._path = self._directory

    def join(self, deadline: float) -> None:
        """Wait for our turn, until `deadline` (time.monotonic()).

        PortBusyError naming the holder when it does not come, at once without joining when the
        deadline is over; CommandCancelledError; NotPermittedError or ToolError when there can be
        no queue in the directory.
        """
        try:
            with self._gate(deadline):
                if time.monotonic() >= deadline:
                    self._refuse_if_held()
                self._take_ticket()
        except OSError as error:
            raise _unusable(self._directory, error) from error
        try:
            while (before := self._held_before()) is not None:
                self._wait_for(*before, deadline)
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
                f"the wait for {self._subject} was cancelled", "ask again when it is needed"
            )

    @contextlib.contextmanager
    def _gate(self, deadline: float) -> Iterator[None]:
        gate = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            last = max(deadline, time.monotonic() + GATE_S)
            while not _locked(gate, fcntl.LOCK_EX):
                if time.monotonic() > last:
                    raise self._busy(processes.flock_holder(self._directory))
                self.pause(GATE_STEP_S)
            yield
        finally:
            os.close(gate)

    def _take_ticket(self) -> None:
        last = max((ticket.number for ticket in self._tickets()), default=0)
        self._number = last + 1
        self._path = self._directory / file_name(self._name, self._number, self._doing)
        os.mkfifo(self._path, MODE)
        flags = os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(self._path, flags)
        os.fchmod(handle, MODE)  # whatever the umask has made of it
        fcntl.flock(handle, fcntl.LOCK_EX)
        self._handle = handle

    def _tickets(self) -> list[Ticket]:
        return tickets_of(self._directory, self._name)

    def _held_before(self) -> tuple[Ticket, int] | None:
        """The last held ticket before ours, open for polling; dead ones are thrown away."""
        for ticket in reversed(self._tickets()):
            if ticket.number < self._number and (handle := _open_held(ticket.path)) is not None:
                return ticket, handle
        return None

    def _wait_for(self, before: Ticket, handle: int, deadline: float) -> None:
        try:
            left = deadline - time.monotonic()
            if left <= 0:
                head = self._head() or before
                raise self._busy(head.process, head.doing)
            self.pause(left, handle)
        finally:
            os.close(handle)

    def _refuse_if_held(self) -> None:
        head = self._head()
        if head is not None:
            raise self._busy(head.process, head.doing)

    def _head(self) -> Ticket | None:
        """The ticket whose turn it is; None for nobody's, or ours."""
        for ticket in self._tickets():
            mine = self._handle is not None and ticket.number >= self._number
            if not mine and (handle := _open_held(ticket.path)) is not None:
                os.close(handle)
                return ticket
        return None

    def _busy(self, process: int | None, doing: str = "") -> PortBusyError:
        who = "another program" if process is None else processes.describe(process)
        return PortBusyError(
            f"{self._subject} is held by {who}{': ' if doing else ''}{doing}", REMEDY
        )


@contextlib.contextmanager
def turn(
    name: str, subject: str, doing: str, wait: float, lock_dir: Path = LOCK_DIR
) -> Iterator[None]:
    """Hold the queue `name` of FairQueue; PortBusyError after `wait` seconds, and as `join`."""
    with contextlib.closing(Waker()) as waker:
        queue = FairQueue(lock_dir, name, subject, waker, doing)
        queue.join(time.monotonic() + wait)
        try:
            yield
        finally:
            queue.leave()


def _unusable(directory: Path, error: OSError) -> NotPermittedError | ToolError:
    message = f"cannot queue in {directory}: {error.strerror}"
    if isinstance(error, PermissionError):
        return NotPermittedError(message, "run it as root, or join the group dialout")
    return ToolError(message, f"make {directory} a directory that can be written")


def _open_held(path: Path) -> int | None:
    """The ticket, opened; None when nobody holds it any more: then it is removed.

    Only for tickets below our own, or under the gate: a new one is not flocked at once.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None  # left meanwhile, or no ticket
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
