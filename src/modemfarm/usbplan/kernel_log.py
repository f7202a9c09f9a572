# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the kernel's complaints about USB in its log and counts them by place."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .kernel_words import MEANINGS, PATTERNS, Meaning

# "[  12.345678] ", "Nov 30 10:00:00 host kernel: ", "2026-11-30T10:00:00+0000 host kernel: "
_STAMP = re.compile(
    r"(?:<[0-9]{1,3}>)?(?:(?P<text>(?:[A-Z][a-z]{2} +[0-9]{1,2} [0-9:]{8}|[0-9T:.+-]{10,40})) "
    r"[^ ]{1,64} kernel: )?(?:\[ *(?P<uptime>[0-9]+\.[0-9]+)\] )?"
)
LONGEST = 500  # characters; all messages of interest are shorter
MOST_FINDINGS = 200


@dataclass(frozen=True)
class Line:
    """One message of the kernel; `at` as its source writes times."""

    message: str
    at: str | None = None


@dataclass(frozen=True)
class Finding:
    """What happened at one place. `code` is None where the message has no number."""

    where: str
    code: int | None
    name: str
    count: int
    last: str | None
    message: str
    meaning: str
    remedy: str


def parse_line(raw: str) -> Line:
    """A line of dmesg or of journalctl's short formats."""
    match = _STAMP.match(raw)
    if match is None:
        return Line(raw.strip()[:LONGEST])
    uptime = match["uptime"]
    at = match["text"] or (f"{float(uptime):.0f} s after boot" if uptime else None)
    return Line(raw[match.end() :].strip()[:LONGEST], at)


def find_trouble(lines: Iterable[Line]) -> tuple[Finding, ...]:
    """One finding per place and meaning, in the order in which they first came."""
    found: dict[tuple[str, str], Finding] = {}
    for line in lines:
        read = _read(line.message)
        if read is None:
            continue
        where, code, meaning = read
        key = where, meaning.name
        if key not in found and len(found) >= MOST_FINDINGS:
            continue
        count = found[key].count + 1 if key in found else 1
        found[key] = Finding(
            where, code, meaning.name, count, line.at, line.message, meaning.words, meaning.remedy
        )
    return tuple(found.values())


def _read(message: str) -> tuple[str, int | None, Meaning] | None:
    for pattern, meaning in PATTERNS:
        match = pattern.fullmatch(message)
        if match is None:
            continue
        groups = match.groupdict()
        code = int(groups["code"]) if groups.get("code") else None
        where = groups.get("where") or message.split(":")[0]
        if code is not None:
            meaning = MEANINGS.get(code)
        return (where, code, meaning) if meaning else None
    return None
