# SPDX-License-Identifier: GPL-3.0-or-later
"""File names of the tickets of a queue: NAME.NUMBER.PROCESS, and .DOING where that is said."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

MAX_DOING = 50  # characters; quoted they are three times as long, and a file name has 255 bytes


@dataclass(frozen=True)
class Ticket:
    """Who stands in a queue: `number` is the place, `process` whose it is, `doing` what for."""

    number: int
    process: int
    path: Path
    doing: str


def file_name(name: str, number: int, doing: str) -> str:
    """The name of our ticket in the queue `name`."""
    shown = doing.encode("ascii", "replace")[:MAX_DOING]
    return f"{name}.{number:06d}.{os.getpid()}" + (f".{quote(shown, safe='')}" if shown else "")


def tickets_of(directory: Path, name: str) -> list[Ticket]:
    """All tickets of the queue `name`, lowest first, dead ones too. Other files are no tickets."""
    found = []
    for path in directory.glob(f"{name}.[0-9]*.[0-9]*"):
        number, process, *doing = path.name.removeprefix(f"{name}.").split(".", 2)
        if number.isdecimal() and process.isdecimal():
            found.append(Ticket(int(number), int(process), path, _printable("".join(doing))))
    return sorted(found, key=lambda ticket: ticket.number)


def _printable(doing: str) -> str:
    text = unquote(doing, "ascii", "replace")
    return "".join(c for c in text if c.isascii() and c.isprintable())
