# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages as text, and what stands in them as code."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", *sorted(DOCS.rglob("*.md")))

_FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_ENDS = {"|", "||", "&&", ";", "<", ">", ">>", "2>"}
_WORDS_BEFORE = {"sudo", "nice"}


@dataclass(frozen=True)
class Line:
    """A command line of a page: its place, and its words without what the shell does."""

    place: str
    words: tuple[str, ...]


def name_of(page: Path) -> str:
    """As a person names it."""
    return str(page.relative_to(ROOT))


def command_lines(page: Path, program: str) -> Iterator[Line]:
    """Every call of the program in the shell blocks of a page."""
    for _, language, body in _FENCED.findall(page.read_text(encoding="utf-8")):
        if language in ("sh", "bash", "shell"):
            for line in body.replace("\\\n", " ").splitlines():
                yield from _calls(line, program, name_of(page))


def spans(page: Path, program: str) -> Iterator[Line]:
    """Every call of the program in running text."""
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    for span in _SPAN.findall(text):
        yield from _calls(span, program, name_of(page))


def _calls(line: str, program: str, place: str) -> Iterator[Line]:
    """The program's words in a line of shell; of `lab ssh` those that go to the host, too."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return  # prose with an apostrophe
    while words and (words[0] in _WORDS_BEFORE or re.fullmatch(r"[A-Z_0-9]+=.*", words[0])):
        words = words[1:]
    if not words or Path(words[0]).name != program:
        return
    ends = [number for number, word in enumerate(words) if word in _ENDS]
    words = words[1 : ends[0] if ends else None]
    yield Line(f"{place}: {line.strip()}", tuple(words))
    if words[:2] == ["lab", "ssh"] and words[2:]:
        yield from _calls(shlex.join(words[2:]), program, place)
