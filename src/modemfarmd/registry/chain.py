# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the audit whole? Reads rows as they are in the table; shares nothing with what wrote them.

A row's hash is SHA-256 over the hash before it and the row's text (0007_audit.sql says how that is
made). A chain cannot know that its end was cut off, nor that all of it was made anew: for that it
is compared with heads that were kept elsewhere, as the journal keeps them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

FIRST = bytes(32)  # what stands before the first row
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A whole line: a text of a stranger within another line is no head.
HEAD = re.compile(r"(?:modemfarm\.audit: )?audit head ([0-9]{1,18}) ([0-9a-f]{64})")
_FIELDS = ("actor", "address", "action", "serial", "outcome", "correlation", "detail")


@dataclass(frozen=True)
class Head:
    """The newest row at some time."""

    number: int
    hash: bytes

    def __str__(self) -> str:
        """As it is written to the journal; `heads_in` reads it."""
        return f"audit head {self.number} {self.hash.hex()}"


@dataclass(frozen=True)
class Fault:
    """The first row that is not as it was written, and why; number as in its column id."""

    number: int
    what: str


def row_text(row: Mapping[str, Any]) -> str:
    """The text of a row that its hash covers; `detail` is the JSON as it is stored."""
    micros = (row["at"].astimezone(UTC) - EPOCH) // timedelta(microseconds=1)
    fields = [str(row["id"]), str(micros), *(row[name] for name in _FIELDS)]
    return ",".join("-" if field is None else f"{len(field.encode())}:{field}" for field in fields)


def row_hash(row: Mapping[str, Any], previous: bytes) -> bytes:
    """What the hash of the row must be after `previous`."""
    return hashlib.sha256(previous + row_text(row).encode()).digest()


def heads_in(lines: Iterable[str]) -> list[Head]:
    """The heads that lines of a journal name."""
    found = (HEAD.fullmatch(line.strip()) for line in lines)
    return [Head(int(one[1]), bytes.fromhex(one[2])) for one in found if one]


def verify(rows: Iterable[Mapping[str, Any]], heads: Iterable[Head] = ()) -> Fault | Head:
    """The newest head of a whole chain, rows in the order of the table's key; else what is wrong.

    An empty chain is whole and has head 0.
    """
    wanted: dict[int, set[bytes]] = {}
    for head in heads:
        wanted.setdefault(head.number, set()).add(head.hash)
    last = Head(0, FIRST)
    for row in rows:
        found = _next(row, last)
        if isinstance(found, Fault):
            return found
        last = found
        if wanted.pop(last.number, {last.hash}) != {last.hash}:
            return Fault(last.number, "is another than the journal has")
    missing = [number for number in wanted if number > 0]
    if missing:
        return Fault(min(missing), f"is missing: the log ends at {last.number}")
    return last


def _next(row: Mapping[str, Any], last: Head) -> Head | Fault:
    number = int(row["id"])
    if number != last.number + 1:
        return Fault(last.number + 1, f"is missing or out of order: {number} follows")
    if bytes(row["previous"]) != last.hash:
        return Fault(number, "does not follow the row before it")
    if bytes(row["hash"]) != row_hash(row, last.hash):
        return Fault(number, "was changed")
    return Head(number, bytes(row["hash"]))


def in_parts(read: Any, size: int = 1000) -> Iterator[Mapping[str, Any]]:
    """All rows, `size` at a time: `read(after, limit)` gives those after a number."""
    after = 0
    while rows := read(after, size):
        yield from rows
        if len(rows) < size:
            return
        after = rows[-1]["id"]
