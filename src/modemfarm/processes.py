# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of this host, for people and for locks. Linux only (proc(5))."""

import os
from pathlib import Path

PROC = Path("/proc")


def describe(pid: int) -> str:
    """`minicom (process 4711)`; only the number where the name may not be read."""
    try:
        name = (PROC / str(pid) / "comm").read_text(errors="replace").strip()
    except OSError:
        return f"process {pid}"
    return f"{''.join(c for c in name if c.isprintable())} (process {pid})"


def started(pid: int) -> int | None:
    """When the process started, in ticks since boot: tells it from a later one of its number."""
    fields = _stat(pid)
    return int(fields[19]) if len(fields) > 19 else None


def alive(pid: int) -> bool:
    """True for a process that runs, whoever's it is; a zombie holds nothing any more."""
    if pid <= 0 or _stat(pid)[:1] in (["Z"], ["X"]):
        return False  # kill() would take 0 and less for groups
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def flock_holder(path: Path) -> int | None:
    """The process with a flock on a file, None when it is we; /proc/locks is open to everybody."""
    for pid in flocks(path, PROC):
        return pid if pid > 0 and pid != os.getpid() else None
    return None


def flocks(path: Path, proc: Path = PROC) -> list[int]:
    """The processes with a flock on a file, us included. The file need not be readable to us."""
    try:
        found = path.stat()
        lines = (proc / "locks").read_text().splitlines()
    except OSError:
        return []
    place = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    rows = (line.split() for line in lines)
    # A row with an arrow stands for somebody who waits: its second word is "->".
    return [int(words[4]) for words in rows if words[1:2] == ["FLOCK"] and place in words]


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the state on (field 3); none where it may not be read."""
    try:
        text = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()  # the name before it has spaces
