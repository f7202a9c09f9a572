# SPDX-License-Identifier: GPL-3.0-or-later
"""One lock per modem for all who write to it: the apply service, AWX, an admin host, the agent's
repairs and a person's modem_reset exclude each other on the modem host itself.

flock(2) on <folder>/<IMEI>: the kernel lets go of it when its holder ends, however it ends. Each
taking opens the file anew, so two runs in one process exclude each other as well.
"""

import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from .apply.files import refuse_foreign_folder
from .errors import ToolError, TransientError
from .identity import check_serial
from .processes import PROC, flocks

# Root's own folder, and its files 0600: who may open a file, also just to read it, may lock it.
FOLDER = Path("/run/modemfarm/locks")
POLL_S = 0.05
MAX_HOLDER = 100  # characters of what a holder says about itself


class ModemBusyError(TransientError):
    """Another run works on the modem."""


@dataclass(frozen=True)
class Locked:
    """The modems whose locks were had, and those that are busy, with who holds each."""

    got: frozenset[str]
    busy: dict[str, str]


@contextmanager
def held(
    serials: Sequence[str], wait: float, holder: str, folder: Path = FOLDER
) -> Iterator[Locked]:
    """Hold the locks of as many of `serials` as are free within `wait` seconds.

    `holder` says to others who we are. ToolError without the right to.
    """
    _make(folder)
    deadline = time.monotonic() + wait
    with ExitStack() as stack:
        left = {serial: stack.enter_context(_opened(folder, serial)) for serial in set(serials)}
        got: set[str] = set()
        while left:
            taken = [serial for serial, handle in left.items() if _lock(handle)]
            for serial in taken:
                stack.callback(_say, left[serial], "")
                _say(left.pop(serial), holder)
            got.update(taken)
            if not left or time.monotonic() >= deadline:
                break
            time.sleep(POLL_S)
        yield Locked(frozenset(got), {serial: _said(handle) for serial, handle in left.items()})


@contextmanager
def held_one(serial: str, wait: float, holder: str, folder: Path = FOLDER) -> Iterator[None]:
    """Hold the lock of one modem; ModemBusyError when another holds it for `wait` seconds."""
    with held([serial], wait, holder, folder) as locked:
        if serial in locked.busy:
            raise busy(serial, locked.busy[serial])
        yield


def busy(serial: str, holder: str) -> ModemBusyError:
    """The error about a modem that somebody else works on."""
    error = ModemBusyError(
        f"another run works on it: {holder}", "wait for it; it is tried again by itself"
    )
    error.about(serial)
    return error


def is_held(serial: str, folder: Path = FOLDER, proc: Path = PROC) -> bool:
    """True while anybody holds the modem's lock. For readers without rights; opens nothing."""
    return bool(flocks(folder / check_serial(serial), proc))


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o755, exist_ok=True)
        refuse_foreign_folder(folder)
    except OSError as error:
        raise _no_right(folder, error) from error


@contextmanager
def _opened(folder: Path, serial: str) -> Iterator[int]:
    path = folder / check_serial(serial)
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        handle = os.open(path, flags, 0o600)
    except OSError as error:
        raise _no_right(path, error) from error
    try:
        yield handle
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _say(handle: int, holder: str) -> None:
    os.ftruncate(handle, 0)
    os.pwrite(handle, holder[:MAX_HOLDER].encode("utf-8", "replace"), 0)


def _said(handle: int) -> str:
    text = os.pread(handle, 4 * MAX_HOLDER, 0).decode("utf-8", "replace")
    return "".join(c for c in text if c.isprintable())[:MAX_HOLDER] or "it does not say who it is"


def _no_right(path: Path, error: OSError) -> ToolError:
    return ToolError(f"cannot open {path}: {error.strerror}", "run it as root on the modem host")
