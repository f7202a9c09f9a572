# SPDX-License-Identifier: GPL-3.0-or-later
"""A lock of this host that one program at a time holds, such as "a composition is being changed".

flock(2): the kernel lets go of it when its holder ends, however it ends.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import ToolError, TransientError

# Root's own folder: nobody else can put a link or a file of his there.
FOLDER = Path("/run/modemfarm/udev")
POLL_S = 0.05


@contextmanager
def held(path: Path, wait: float, holder: str) -> Iterator[None]:
    """Hold the lock file `path`; `holder` says in errors which program may be holding it.

    TransientError when another one holds it longer than `wait` seconds, ToolError without the
    right to.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        # 0600: who may open a file, also just for reading, may hold its lock.
        lock = os.fdopen(os.open(path, flags, 0o600))
    except OSError as error:
        raise ToolError(
            f"cannot open {path}: {error.strerror}", "run it as root on the modem host"
        ) from error
    with lock:
        deadline = time.monotonic() + wait
        while not _locked(lock.fileno()):
            if time.monotonic() > deadline:
                raise TransientError(
                    f"another run has held {path} for {wait:g} s",
                    f"wait for it, or look for a hanging {holder}",
                )
            time.sleep(POLL_S)
        yield


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
