# SPDX-License-Identifier: GPL-3.0-or-later
"""One file of the spool, taken when its writer has ended. What is no such file is refused.

The folder belongs to the agent, and others may add to it: each name may be a link, a pipe, a
gigabyte or a file that somebody still writes.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
import time
from dataclasses import dataclass

from modemfarm.caller import user_name
from modemfarm.errors import InvalidValueError
from modemfarm.spool import FILE_BYTES
from modemfarm.spool_room import Dropped

from ..registry.model import LogLine
from .log_line import LINE_LONGEST, parse

SIZE_MOST = 2 * FILE_BYTES + LINE_LONGEST  # a writer ends its file earlier
UNREADABLE_S = 60.0  # a writer makes its file readable within a millisecond


_NAME = re.compile(r"[0-9A-Za-z.-]{1,64}\Z")


class NoSpoolFile(Exception):
    """There is something else; the text says what."""


@dataclass(frozen=True)
class Taken:
    """A file's content. `handle` holds its lock; `faults` are the fields of lines not taken."""

    name: str
    handle: int
    lines: tuple[LogLine, ...]
    dropped: tuple[Dropped, ...]
    faults: tuple[str, ...]

    def close(self) -> None:
        """Give the lock back."""
        os.close(self.handle)


def is_plain(name: str) -> bool:
    """Whether a writer of ours would give a file this name."""
    return _NAME.match(name) is not None


def take(folder: int, name: str) -> Taken | None:
    """Read and hold a file of the open folder; None while it is being written, or gone.

    Raises NoSpoolFile.
    """
    if not is_plain(name):
        raise NoSpoolFile("a name that no writer gives")
    handle = _open(folder, name)
    if handle is None:
        return None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
            raise NoSpoolFile("not a plain file of one name")
        if not _locked(handle) or os.fstat(handle).st_nlink == 0:
            os.close(handle)
            return None
        status = os.fstat(handle)
        if status.st_size > SIZE_MOST:
            raise NoSpoolFile(f"{status.st_size} bytes long")
        return _parsed(name, handle, status)
    except BaseException:
        os.close(handle)
        raise


def _open(folder: int, name: str) -> int | None:
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        return os.open(name, flags, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.EACCES and _is_young(folder, name):
            return None
        why = "a link" if error.errno == errno.ELOOP else os.strerror(error.errno or 0)
        raise NoSpoolFile(why) from error


def _is_young(folder: int, name: str) -> bool:
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return time.time() - status.st_mtime < UNREADABLE_S


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _parsed(name: str, handle: int, status: os.stat_result) -> Taken:
    person = None if status.st_uid in (0, os.geteuid()) else user_name(status.st_uid)
    *whole, torn = _content(handle, status.st_size).split(b"\n")
    lines: list[LogLine] = []
    dropped: list[Dropped] = []
    faults = ["the end of a torn line"] if torn else []
    for text in whole:
        try:
            found = parse(text, person)
        except InvalidValueError as error:
            faults.append(error.field)
            continue
        if isinstance(found, Dropped):
            dropped.append(found)
        else:
            lines.append(found)
    return Taken(name, handle, tuple(lines), tuple(dropped), tuple(faults))


def _content(handle: int, size: int) -> bytes:
    parts = []
    while size > 0 and (part := os.read(handle, size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
