# SPDX-License-Identifier: GPL-3.0-or-later
"""AT dialogue without I/O: bytes in, lines out (`Framer`), lines in, an answer out (`Exchange`).

Nothing here waits or opens anything, so the modules, the agent and the tests share it.
Syntax: ITU-T V.250 section 5, error results: 3GPP TS 27.007 section 9.2 and 27.005 section 3.2.5.
"""

import re
from dataclasses import dataclass, field

from .results import Final, parse_final

# The longest honest line is an SMS PDU (about 360 characters) or a neighbour cell list (1 kB).
MAX_LINE = 4096
# The longest honest answer is a full message store (255 messages); a flood must not fill memory.
MAX_LINES = 1024

PROMPT = "> "

_NAME = re.compile(r"(\+[A-Z][A-Z0-9]*):")
_COMMAND_NAME = re.compile(r"\+[A-Z][A-Z0-9]*")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
# Unsolicited lines without a `+NAME:` (EC25 AT commands manual, chapter 14, and V.250).
_BARE_URCS = frozenset(
    ("RDY", "RING", "NO CARRIER", "POWERED DOWN", "SMS DONE", "PB DONE", "CALL READY", "APP RDY")
)


class Framer:
    """Cuts a byte stream into lines. Memory is bounded; garbage is dropped and counted."""

    def __init__(self) -> None:
        self.dropped = 0  # lines thrown away: too long, or with control characters in them
        self._buffer = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> list[str]:
        """Take bytes as read, in any split, and return the lines that they complete."""
        lines: list[str] = []
        for part in _split_keeping_rest(data):
            self._buffer += part.text
            if len(self._buffer) > MAX_LINE:
                self._buffer.clear()
                self._skipping = True
            if part.ended:
                self._end_line(lines)
        return lines

    def prompt(self) -> bool:
        """True, once, when the modem waits for text (`> ` without a line end)."""
        if self._skipping or bytes(self._buffer).strip(b"\0") != PROMPT.encode():
            return False
        self._buffer.clear()
        return True

    def _end_line(self, lines: list[str]) -> None:
        raw = bytes(self._buffer)
        self._buffer.clear()
        if self._skipping:
            self._skipping = False
            self.dropped += 1
            return
        # Modems send NULs while they start; any other control character means garbage.
        text = raw.replace(b"\0", b"").decode("utf-8", errors="replace").strip(" ")
        if _CONTROL.search(text):
            self.dropped += 1
        elif text:
            lines.append(text)


@dataclass(frozen=True)
class _Part:
    text: bytes
    ended: bool


def _split_keeping_rest(data: bytes) -> list[_Part]:
    *whole, rest = re.split(rb"[\r\n]", data)
    return [_Part(text, True) for text in whole] + [_Part(rest, False)]


@dataclass
class Exchange:
    """One command and what comes back until its final result.

    An answer line is bare (`867584030000017`) or carries the command's own name (`+CSQ: 20,99`);
    a line with another name, or a known bare one, came unasked and goes to `urcs`.
    """

    command: str
    lines: list[str] = field(default_factory=list)
    urcs: list[str] = field(default_factory=list)
    final: Final | None = None
    overflow: int = 0
    _echo_seen: bool = False

    def __post_init__(self) -> None:
        self._names = frozenset(_COMMAND_NAME.findall(self.command.upper()))

    def feed(self, line: str) -> bool:
        """Take one line; True when the command has ended. Later lines are unsolicited."""
        if self.final is not None or self._is_urc(line):
            self._keep(self.urcs, line)
        elif not self._is_echo(line):
            self.final = parse_final(line)
            if self.final is None:
                self._keep(self.lines, line)
        return self.final is not None

    def _keep(self, where: list[str], line: str) -> None:
        if len(where) < MAX_LINES:
            where.append(line)
        else:
            self.overflow += 1

    def _is_echo(self, line: str) -> bool:
        if self._echo_seen or not line.upper().endswith(self.command.upper()):
            return False
        self._echo_seen = True
        return True

    def _is_urc(self, line: str) -> bool:
        if line in _BARE_URCS:
            return True
        name = _NAME.match(line)
        if name is None:
            return False
        return name.group(1) not in self._names
