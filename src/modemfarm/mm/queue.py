# SPDX-License-Identifier: GPL-3.0-or-later
"""First come, first served, across processes: the messages of one modem, one after the other.

A file with a counter; who comes takes the next number and locks the byte at that offset, and its
turn is when no byte below is locked. The locks are those of an open file (fcntl(2), "Open file
description locks"): the kernel drops them when a process ends, however it ends, so nothing is ever
stale. No port is taken: a health look goes on meanwhile.
"""

import fcntl
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import PortBusyError, ToolError

LOCK_DIR = Path("/run/lock")
WAIT_S = 120.0  # one stuck message (the network takes up to 2 min to refuse one) may be ahead
POLL_S = 0.05
GATE_S = 5.0  # taking a number is a read and a write; a stopped process could hold it longer
# Bytes of the file that are locked: while a number is taken, while it is one's turn, and one for
# each number.
_GATE, _TURN, _FIRST, _END = 0, 1, 2, 2**62
_FLOCK = "@hhqqi4x"  # struct flock with 64-bit offsets: type, whence, start, length, pid
_DIGITS = 20  # a 64-bit number; the name of the holder follows
_HOLDER_BYTES = 100


@contextmanager
def turn(name: str, what: str, lock_dir: Path = LOCK_DIR, wait: float = WAIT_S) -> Iterator[None]:
    """Hold the queue `name` (a file name); `what` tells those who wait what it is held for.

    PortBusyError, naming the one whose turn it is, after `wait` seconds; ToolError when the file
    cannot be used.
    """
    path = lock_dir / f"modemfarm-{name}"
    handle = _open(path)
    try:
        number = _take_number(handle, path)
        deadline = time.monotonic() + wait
        while _any_locked(handle, _FIRST, number) or not _lock(handle, _TURN):
            if time.monotonic() > deadline:
                raise PortBusyError(
                    f"{path.name} was not free for {wait:g} s; {_holder(handle)} has it",
                    "wait for its end, or end that process",
                )
            time.sleep(POLL_S)
        _put(handle, _DIGITS, f"process {os.getpid()}: {what}", _HOLDER_BYTES)
        yield
    finally:
        os.close(handle)  # and with it all its locks


def _open(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o600)
    except OSError as error:
        raise ToolError(f"cannot open {path}: {error.strerror}", "do it as root") from error


def _take_number(handle: int, path: Path) -> int:
    deadline = time.monotonic() + GATE_S
    while not _lock(handle, _GATE):
        if time.monotonic() > deadline:
            raise PortBusyError(f"the gate of {path} is stuck", "look for stopped processes")
        time.sleep(POLL_S)
    text = os.pread(handle, _DIGITS, 0).strip()
    number = int(text) + 1 if text.isdigit() else _FIRST
    if not _FIRST <= number < _END:
        number = _FIRST
    while not _lock(handle, number):  # somebody has changed the file
        number += 1
    _put(handle, 0, str(number), _DIGITS)
    _lock(handle, _GATE, fcntl.F_UNLCK)
    return number


def _lock(handle: int, start: int, kind: int = fcntl.F_WRLCK) -> bool:
    request = struct.pack(_FLOCK, kind, os.SEEK_SET, start, 1, 0)
    try:
        fcntl.fcntl(handle, fcntl.F_OFD_SETLK, request)
    except BlockingIOError:
        return False
    return True


def _any_locked(handle: int, start: int, end: int) -> bool:
    """True when somebody else has locked a byte from `start` up to before `end`."""
    if end <= start:
        return False  # a length of 0 would mean all that follow
    request = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, start, end - start, 0)
    answer = fcntl.fcntl(handle, fcntl.F_OFD_GETLK, request)
    return bool(struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK)


def _put(handle: int, at: int, text: str, size: int) -> None:
    os.pwrite(handle, text.encode("ascii", "replace")[:size].ljust(size), at)


def _holder(handle: int) -> str:
    text = os.pread(handle, _HOLDER_BYTES, _DIGITS).decode("ascii", "replace").strip()
    return text or "an unknown process"
