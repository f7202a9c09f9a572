# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the lines of an answer. What a modem says is hostile: bounded, cleaned, never trusted.

Every answer that cannot be read is AnswerUnreadableError, whatever the modem said.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from ..errors import AnswerUnreadableError
from .session import AtSession

MAX_TEXT = 64  # names from modem and carrier are shown to people, not stored at any length
MAX_FIELDS = 64  # the longest honest line, a serving cell in GSM, has 27
UNKNOWN = frozenset(("", "-"))  # an empty field (27.007), and Quectel's way of saying "not known"

T = TypeVar("T")

_NUMBER = re.compile(r"[+-]?[0-9]{1,20}\Z")
_HEX = re.compile(r"(?:0[xX])?[0-9A-Fa-f]{1,64}\Z")  # a band mask has up to 26 digits
# A quoted string (its end may be missing), a list in parentheses, or anything up to a comma.
_FIELD = re.compile(r'\s*(?:"(?P<quoted>[^"]*)"?[^,]*|(?P<bare>[^,]*))(?:,|\Z)')


@dataclass(frozen=True)
class Field:
    """One field of an answer line, without its quotes."""

    text: str
    quoted: bool = False


class Fields:
    """The fields of one answer line. A getter raises AnswerUnreadableError for what cannot be.

    `maybe_` getters give None for a field that is missing, empty or "-".
    """

    def __init__(self, fields: tuple[Field, ...]) -> None:
        self._fields = fields

    def __len__(self) -> int:
        return len(self._fields)

    def raw(self, index: int) -> str:
        """The field as the modem said it; "" for a missing one."""
        return self._fields[index].text if index < len(self._fields) else ""

    def quoted(self, index: int) -> bool:
        """True for a field in quotes."""
        return index < len(self._fields) and self._fields[index].quoted

    def text(self, index: int) -> str:
        """The field as people may see it (see `clean`)."""
        return clean(self.raw(index))

    def maybe_text(self, index: int) -> str | None:
        """As `text`; None where there is nothing."""
        found = self.text(index)
        return None if found in UNKNOWN else found

    def number(self, index: int, low: int, high: int) -> int:
        """A decimal number from `low` to `high`."""
        raw = self.raw(index)
        if not _NUMBER.match(raw) or not low <= int(raw) <= high:
            unreadable(f"field {index + 1} is {clean(raw)!r}, not {low} to {high}")
        return int(raw)

    def maybe_number(self, index: int, low: int, high: int) -> int | None:
        """As `number`, but None for a number outside: modems have many ways to say unknown."""
        raw = self.raw(index)
        if raw in UNKNOWN:
            return None
        if not _NUMBER.match(raw):
            unreadable(f"field {index + 1} is {clean(raw)!r}, not a number")
        return int(raw) if low <= int(raw) <= high else None

    def hexadecimal(self, index: int, high: int) -> int:
        """A hexadecimal number up to `high`, with or without quotes and 0x."""
        raw = self.raw(index)
        if not _HEX.match(raw) or int(raw, 16) > high:
            unreadable(f"field {index + 1} is {clean(raw)!r}, not hexadecimal up to {high:X}")
        return int(raw, 16)

    def maybe_hexadecimal(self, index: int, high: int) -> int | None:
        """As `hexadecimal`, but None for nothing and for more than `high`."""
        raw = self.raw(index)
        if raw in UNKNOWN:
            return None
        if not _HEX.match(raw):
            unreadable(f"field {index + 1} is {clean(raw)!r}, not hexadecimal")
        return int(raw, 16) if int(raw, 16) <= high else None


def split(text: str) -> Fields:
    """Part a line at its commas; quoted strings keep theirs. Too many fields are unreadable."""
    return Fields(tuple(_split(text)))


def _split(text: str) -> Iterator[Field]:
    for count, match in enumerate(_FIELD.finditer(text)):
        if count == MAX_FIELDS:
            unreadable("too many fields")
        quoted = match["quoted"]
        yield Field(match["bare"].strip()) if quoted is None else Field(quoted, True)
        if not match[0].endswith(","):
            return


def groups(text: str) -> tuple[Fields, ...]:
    """The lists in parentheses, as +COPS=? gives them: `(1,"a"),(2,"b")`. Others are left out."""
    found = re.findall(r'\(((?:[^()"]|"[^"]*")*)\)', text)
    return tuple(split(part) for part in found)


def after(line: str, name: str) -> str | None:
    """What follows `name: `; None for another line. Some firmwares leave the space out."""
    if not line.upper().startswith(f"{name}:"):
        return None
    return line[len(name) + 1 :].strip()


def clean(value: str) -> str:
    """Printable characters only, without quotes around, at most MAX_TEXT of them."""
    return "".join(c for c in value.strip().strip('"') if c.isprintable())[:MAX_TEXT]


def unreadable(why: str, command: str | None = None) -> NoReturn:
    """Raise AnswerUnreadableError; without `command` the caller that knows it adds it."""
    raise AnswerUnreadableError(why, "try again; see the modem's manual").about(command=command)


def ask(session: AtSession, command: str, name: str) -> tuple[str, ...]:
    """Send `command`; what follows `name: ` in each line that has it. Rubbish is left out."""
    found = (after(line, name) for line in session.command(command).lines)
    return tuple(text for text in found if text is not None)


def first(session: AtSession, command: str, name: str, read: Callable[[Fields], T]) -> T:
    """What `read` makes of the first `name:` line it can read; others came unasked or broken."""
    said = ask(session, command, name)
    for text in said:
        try:
            return read(split(text))
        except AnswerUnreadableError:
            continue
    raise _no_answer(session, command, said)


def every(
    session: AtSession, command: str, name: str, read: Callable[[Fields], T]
) -> tuple[T, ...]:
    """What `read` makes of each `name:` line. One unreadable line spoils the answer."""
    return each(session, command, name, lambda text: read(split(text)))


def each(session: AtSession, command: str, name: str, read: Callable[[str], T]) -> tuple[T, ...]:
    """As `every`, for lines that are not just fields."""
    said = ask(session, command, name)
    try:
        return tuple(read(text) for text in said)
    except AnswerUnreadableError as error:
        raise _no_answer(session, command, said) from error


def bare(
    session: AtSession, command: str, pattern: re.Pattern[str], name: str | None = None
) -> str:
    """Group 1 of the first line that fits; the command's name before it is optional."""
    name = name or command.removeprefix("AT")
    lines = session.command(command).lines
    for line in lines:
        match = pattern.match(after(line, name) or line)
        if match:
            return match.group(1)
    raise _no_answer(session, command, lines)


def text(session: AtSession, command: str) -> str:
    """The first answer line with anything in it, cleaned, without the command's name."""
    lines = session.command(command).lines
    for line in lines:
        cleaned = clean(after(line, command.removeprefix("AT")) or line)
        if cleaned:
            return cleaned
    raise _no_answer(session, command, lines)


def _no_answer(session: AtSession, command: str, said: tuple[str, ...]) -> AnswerUnreadableError:
    shown = clean(" | ".join(said)) or "nothing"
    return AnswerUnreadableError(
        f"{session.device} answered {command} with {shown!r}", "try again; see the modem's manual"
    ).about(command=command)
