# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes of sysfs that may be missing, vanish or hold nonsense."""

from collections.abc import Iterator
from pathlib import Path

MOST_CHARS = 4096  # an attribute is one page at most


def text(path: Path) -> str:
    """The attribute without the blanks around it; empty when it cannot be read."""
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            return stream.read(MOST_CHARS).strip()
    except OSError:
        return ""


def number(said: str) -> int:
    """A decimal number; 0 for anything else."""
    return int(said) if said.isascii() and said.isdecimal() else 0


def hexadecimal(path: Path) -> int:
    """A hexadecimal attribute; 0 when there is none."""
    try:
        return int(text(path), 16)
    except ValueError:
        return 0


def link_name(path: Path) -> str | None:
    """The name of what a link such as `driver` points to."""
    return path.resolve().name if path.is_symlink() else None


def entries(folder: Path) -> Iterator[Path]:
    """What is in a folder, in order; nothing when it is gone."""
    try:
        yield from sorted(folder.iterdir())
    except OSError:
        return
