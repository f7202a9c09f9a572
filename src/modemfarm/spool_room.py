# SPDX-License-Identifier: GPL-3.0-or-later
"""The bound of the spool as a whole: with nobody to empty it, the oldest files make room.

An agent or a database that is away for days must not fill the disk of the host.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

FOLDER_BYTES = 268_435_456  # the health looks of 30 modems make 60 MB a day
FOLDER_FILES = 8_192
_COUNT = 2**53  # more than any disk holds
_NOTE = 100  # bytes: the longest line that tells of dropped files has 60
_KEPT = 0.9  # of the bound: not each new file shall look for room again


@dataclass(frozen=True)
class Dropped:
    """What was given up."""

    files: int
    size: int

    def line(self) -> bytes:
        """As the first line of a spool file: the agent makes an event of it."""
        return json.dumps({"dropped": [self.files, self.size]}).encode("ascii") + b"\n"

    @classmethod
    def read(cls, fields: object) -> "Dropped | None":
        """What such a line says, None for anything else."""
        match fields:
            case {"dropped": [int(files), int(size)]} if 0 < files < _COUNT and 0 <= size < _COUNT:
                return cls(files, size)
        return None


def make_room(
    folder: Path, most_bytes: int = FOLDER_BYTES, most_files: int = FOLDER_FILES
) -> Dropped | None:
    """Remove the oldest files of a folder that holds too much. OSError only for what is no folder.

    None when nothing had to go, and for a caller who may not list the folder: he may only add.
    """
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except PermissionError:
        return None
    try:
        found = _files(handle)
        total = sum(size for _, size, _ in found)
        if total <= most_bytes and len(found) <= most_files:
            return None
        return _drop(handle, found, total - int(most_bytes * _KEPT), int(most_files * _KEPT))
    finally:
        os.close(handle)


def _files(handle: int) -> list[tuple[int, int, str]]:
    """(modified in ns, bytes, name) of each, oldest first."""
    found = []
    with os.scandir(handle) as entries:
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            found.append((status.st_mtime_ns, status.st_size, entry.name))
    return sorted(found)


def _drop(
    handle: int, found: list[tuple[int, int, str]], bytes_over: int, files_kept: int
) -> Dropped:
    gone = freed = files = lost = 0
    for _, size, name in found:
        if freed >= bytes_over and len(found) - gone <= files_kept:
            break
        try:
            before = _noted(handle, name)
            os.unlink(name, dir_fd=handle)
        except OSError:
            continue  # a folder somebody made here, or gone already
        gone, freed = gone + 1, freed + size
        files, lost = files + before.files + 1, lost + before.size + size
    return Dropped(files, lost)


def _noted(handle: int, name: str) -> Dropped:
    """What a file that goes told of those that went before it; it must not go with it."""
    try:
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=handle)
    except OSError:
        return Dropped(0, 0)
    try:
        first, _, _ = os.read(file, _NOTE).partition(b"\n")
        return Dropped.read(json.loads(first)) or Dropped(0, 0)
    except (OSError, ValueError, RecursionError):
        return Dropped(0, 0)
    finally:
        os.close(file)
