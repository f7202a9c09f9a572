# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has a port: for people, so that a busy port is never a riddle. Linux only (proc(5))."""

import os
from pathlib import Path

from ..errors import NotPermittedError, PortBusyError
from ..processes import PROC, describe, flock_holder


def busy(device: str, pid: int | None = None) -> PortBusyError:
    """The error for a port that somebody else has: `pid`, else whoever can be found."""
    if pid is None:
        pid = flock_holder(Path(device)) or opener(device)
    who = "another program" if pid is None else describe(pid)
    return PortBusyError(f"{device} is held by {who}", "wait until it has finished, or end it")


def not_permitted(device: str) -> NotPermittedError:
    """The error for a port that this user may not open, whoever has it."""
    return NotPermittedError(f"may not open {device}", "run it as root, or join the group dialout")


def opener(device: str) -> int | None:
    """A process that has the device open, among those that we may look into."""
    real = os.path.realpath(device)
    for entry in PROC.glob("[0-9]*"):
        try:
            others = int(entry.name) != os.getpid()
            if others and any(_leads_to(handle, real) for handle in (entry / "fd").iterdir()):
                return int(entry.name)
        except OSError:
            continue  # gone meanwhile, or another user's
    return None


def _leads_to(handle: Path, real: str) -> bool:
    try:
        return str(handle.readlink()) == real
    except OSError:
        return False
