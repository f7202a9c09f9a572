# SPDX-License-Identifier: GPL-3.0-or-later
"""One AT command line, read as strictly as the most lenient modem needs.

A modem ignores case and spaces outside quotes, joins commands with `;` or none at all, and takes
`\\22` for a quote (ITU-T V.250 sections 5.2 to 5.4). What could be read in two ways is refused;
the rest gets one spelling, and that spelling is what is compared and sent.
"""

import re
from dataclasses import dataclass
from enum import Enum

from ..errors import CommandRefusedError

MAX_COMMAND = 399  # the EC25's command line buffer; a longer line loses its end (EC25 manual, 1.3)
MAX_SHOWN = 60  # an error line is read by people

_FORBIDDEN = (
    (";", "it may be two commands: `;` chains them"),
    ("\\", "`\\` may stand for another character"),
    ("+++", "`+++` is the escape sequence"),
)
# PIN and PUK have 4 to 8 digits; a digit may be spaced or written as another character.
_DIGITS = re.compile(r"[0-9][0-9 ]{2,}[0-9]|(\\\\[xuU][0-9a-f]+){4,}")
_BASIC = re.compile(r"(&?[A-Z])(0|[1-9][0-9]{0,2}|)\Z")
_EXTENDED = re.compile(r"(\+[A-Z][A-Z0-9]{1,15})(=\?|\?|=|)(.*)\Z")
_BARE = re.compile(r"[A-Za-z0-9]*\Z")
_QUOTED = re.compile(r'"[^"]*"\Z')
_TOKEN = re.compile(r'"[^"]*"|[^"]+')


class Kind(Enum):
    """The form of a command; the value is what stands between its name and its arguments."""

    RUN = ""
    READ = "?"
    TEST = "=?"
    WRITE = "="


@dataclass(frozen=True)
class Argument:
    """One argument of a write; `quoted` tells "1" from 1."""

    value: str
    quoted: bool

    def __str__(self) -> str:
        return f'"{self.value}"' if self.quoted else self.value


@dataclass(frozen=True)
class Command:
    """One parsed command. `name` is "" for a bare AT, "E" or "&F" or "+CSQ" else.

    A basic command's number is its only argument; its kind is RUN.
    """

    name: str
    kind: Kind
    arguments: tuple[Argument, ...] = ()

    @property
    def text(self) -> str:
        """The one spelling of it, without CR."""
        return f"AT{self.name}{self.kind.value}{','.join(map(str, self.arguments))}"


def parse(text: object) -> Command:
    """Read one command line. CommandRefusedError for anything but one plain command."""
    line = _plain(text)
    body = _squeeze(line[2:])
    if not body:
        return Command("", Kind.RUN)
    extended = _EXTENDED.match(body)
    if extended:
        return _extended(line, *extended.groups())
    basic = _BASIC.match(body)
    if basic is None:
        raise _refused(line, "it is not exactly one command")
    name, number = basic.groups()
    return Command(name, Kind.RUN, (Argument(number, False),) if number else ())


def _plain(text: object) -> str:
    if not isinstance(text, str) or not text.isascii() or not text.isprintable():
        raise _refused(text, "it has characters other than printable ASCII")
    if len(text) > MAX_COMMAND:
        raise _refused(text, f"it has {len(text)} characters, {MAX_COMMAND} are allowed")
    if text[:2] not in ("AT", "at"):
        raise _refused(text, "it does not begin with AT")
    if text != text.strip():
        raise _refused(text, "it has spaces around it")
    for part, why in _FORBIDDEN:
        if part in text:
            raise _refused(text, why)
    if text.count('"') % 2:
        raise _refused(text, "a quote is not closed")
    return text


def _squeeze(body: str) -> str:
    """Upper case and no spaces, except in quotes."""
    return "".join(
        token if token.startswith('"') else token.replace(" ", "").upper()
        for token in _TOKEN.findall(body)
    )


def _extended(line: str, name: str, form: str, rest: str) -> Command:
    kind = Kind(form)
    if kind is not Kind.WRITE:
        if rest:
            raise _refused(line, "something follows the command")
        return Command(name, kind)
    return Command(name, kind, tuple(_argument(line, part) for part in _split(rest)))


def _split(rest: str) -> list[str]:
    """The arguments, parted by commas outside quotes."""
    parts = [""]
    for token in _TOKEN.findall(rest):
        if token.startswith('"'):
            parts[-1] += token
        else:
            first, *more = token.split(",")
            parts[-1] += first
            parts += more
    return parts


def _argument(line: str, part: str) -> Argument:
    if _QUOTED.match(part):
        return Argument(part[1:-1], True)
    if _BARE.match(part):
        return Argument(part, False)
    raise _refused(line, "an argument is neither a word, a number nor one quoted text")


def shown(line: object) -> str:
    """A line that was refused, fit for an error: short, and without anything that may be a PIN."""
    text = _DIGITS.sub("****", ascii(line)[1:-1] if isinstance(line, str) else ascii(line))
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 3]}..."


def _refused(line: object, why: str) -> CommandRefusedError:
    return CommandRefusedError(
        f"{shown(line)!r} is refused: {why}",
        f"send one AT command, printable ASCII, at most {MAX_COMMAND} characters",
    )
