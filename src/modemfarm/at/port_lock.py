# SPDX-License-Identifier: GPL-3.0-or-later
"""Exclusive use of a serial port, whoever else is on the host.

Each part stops somebody else: the queue (other farm programs, in order), the UUCP lock file
(minicom, gammu, wvdial), and on the open port flock (pyserial) and TIOCEXCL (ModemManager and every
unprivileged opener). A dead process holds nothing.
"""

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ..errors import NotPermittedError, PortBusyError, PortGoneError, ToolError
from ..fair_queue import LOCK_DIR as LOCK_DIR
from ..fair_queue import FairQueue
from ..processes import alive, started
from ..waker import Waker
from . import port_holder

# Programs outside the queue give no sign when they let a port go, so it has to be tried.
RETRY_S = 0.05
MARK = b"modemfarm"  # second line of our lock files, with the start time of the process

T = TypeVar("T")


class PortLock:
    """The right to use one port. `acquire` and `release` come in pairs."""

    def __init__(self, device: str, lock_dir: Path, wait: float, waker: Waker) -> None:
        self._device = device
        self._wait = wait
        self._waker = waker
        name = Path(os.path.realpath(device)).name  # links to one port share its lock
        self._file = lock_dir / f"LCK..{name}"
        self._file_is_ours = False
        self._queue = FairQueue(lock_dir, name, device, waker)

    def acquire(self, opener: Callable[[], T]) -> T:
        """What `opener` gives once the port is ours; it says PortBusyError when it is not.

        PortGoneError, NotPermittedError, PortBusyError naming the holder after `wait` seconds, at
        once for 0; CommandCancelledError.
        """
        deadline = time.monotonic() + self._wait
        self._check_there()
        try:
            with contextlib.suppress(NotPermittedError, ToolError):  # flock on the port decides
                self._queue.join(deadline)
            return self._try_until(deadline, opener)
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Give the right back; harmless without it. The port must be closed before."""
        if self._file_is_ours:
            self._file_is_ours = False
            with contextlib.suppress(OSError):
                self._file.unlink()
        self._queue.leave()

    def _check_there(self) -> None:
        if not Path(self._device).exists():
            raise PortGoneError(f"{self._device} is not there", "wait for the modem, or replug it")
        if not os.access(self._device, os.R_OK | os.W_OK):
            raise port_holder.not_permitted(self._device)

    def _try_until(self, deadline: float, opener: Callable[[], T]) -> T:
        while True:
            try:
                self._take_file()
                return opener()
            except PortBusyError:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise
            self._queue.pause(min(RETRY_S, left))

    def _take_file(self) -> None:
        """Write the lock file. Without the right to, flock on the port decides."""
        if self._file_is_ours:
            return
        holder = file_holder(self._file)
        if holder is not None:
            raise port_holder.busy(self._device, holder)
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)  # left behind by a dead process
        draft = self._file.with_name(f"{self._file.name}.{os.getpid()}.{id(self):x}")
        with contextlib.suppress(OSError):  # FileExistsError: somebody was faster
            draft.write_bytes(_content())
            draft.chmod(0o644)
            os.link(draft, self._file)  # so that nobody ever reads half a file
            self._file_is_ours = True
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def file_holder(path: Path) -> int | None:
    """The live process that a lock file names; None for no file, rubbish or a dead process.

    A file of ours also has the start time of the process: a later one of its number is another.
    """
    try:
        with path.open("rb") as stream:
            first, _, second = stream.read(64).partition(b"\n")
        pid = int(first[:11])
    except (OSError, ValueError):
        return None
    if not alive(pid):
        return None
    now = started(pid)
    if second.startswith(MARK) and now is not None and second.split()[1:] != [b"%d" % now]:
        return None
    return pid


def _content() -> bytes:
    """Ten columns and a line end (FHS 5.9); readers of this format look no further."""
    pid = os.getpid()
    return b"%10d\n%b %d\n" % (pid, MARK, started(pid) or 0)
