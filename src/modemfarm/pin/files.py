# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that only their owner reads and that a power cut leaves old or new, never half."""

import errno
import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK_POLL_S = 0.02
MAX_BYTES = 1_000_000  # a try is 150 bytes long


def read_private(path: Path) -> bytes | None:
    """The content; None when there is no file. OSError for a link, or anything but a file."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with os.fdopen(handle, "rb") as stream:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_BYTES:
            raise OSError(errno.EINVAL, "it is no file of ours")
        return stream.read()


def replace_private(path: Path, content: bytes) -> None:
    """Replace the file; when this returns, file and name are on the disk. Raises OSError."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as stream:
            _give_to_owner(stream.fileno(), path.parent)
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


@contextmanager
def locked(path: Path, wait: float) -> Iterator[None]:
    """Hold the lock file. TimeoutError (an OSError) after `wait` seconds, and other OSErrors."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600)) as lock:
        _give_to_owner(lock.fileno(), path.parent)
        deadline = time.monotonic() + wait
        while not _lock(lock.fileno()):
            if time.monotonic() > deadline:
                raise TimeoutError(errno.ETIMEDOUT, f"another program has held it for {wait:g} s")
            time.sleep(LOCK_POLL_S)
        yield


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _give_to_owner(handle: int, directory: Path) -> None:
    """What root writes stays the agent's, or the agent could never read it again."""
    if os.geteuid() == 0:
        owner = directory.stat()
        os.fchown(handle, owner.st_uid, owner.st_gid)


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
