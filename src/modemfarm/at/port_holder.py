# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has a port: for people, so that a busy port is never a riddle. Linux only (proc(5))."""

import os
from pathlib import Path

from ..errors import PortBusyError

PROC = Path("/proc")


def busy(device: str, pid: int | None = None) -> PortBusyError:
    """The error for a port that somebody else has: `pid`, else whoever can be found."""
    if pid is None:
        pid = flock_holder(device) or opener(device)
    who = "another program" if pid is None else describe(pid)
    return PortBusyError(f"{device} is held by {who}", "wait until it has finished, or end it")


def describe(pid: int) -> str:
    """`minicom (process 4711)`; only the number where the name may not be read."""
    try:
        name = (PROC / str(pid) / "comm").read_text(errors="replace").strip()
    except OSError:
        return f"process {pid}"
    return f"{''.join(c for c in name if c.isprintable())} (process {pid})"


def started(pid: int) -> int | None:
    """When the process started, in ticks since boot: tells it from a later one of its number."""
    try:
        stat = (PROC / str(pid) / "stat").read_text(errors="replace")
        return int(stat.rpartition(")")[2].split()[19])  # field 22; the name before it has spaces
    except (OSError, ValueError, IndexError):
        return None


def alive(pid: int) -> bool:
    """True for a process that exists, whoever's it is."""
    if pid <= 0:
        return False  # kill() would take these for groups
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def flock_holder(device: str) -> int | None:
    """The process with a flock on the device; /proc/locks is open to everybody."""
    try:
        found = Path(device).stat()
        lines = (PROC / "locks").read_text().splitlines()
    except OSError:
        return None
    place = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    for line in lines:
        words = line.split()
        if words[1:2] == ["FLOCK"] and place in words:
            pid = int(words[4])
            return pid if pid > 0 and pid != os.getpid() else None
    return None


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
