# SPDX-License-Identifier: GPL-3.0-or-later
"""AT dialogue without I/O: bytes in, lines out (`Framer`), lines in, an answer out (`Exchange`).

Nothing here waits or opens anything, so the modules, the agent and the tests share it.
Syntax: ITU-T V.250 section 5, error results: 3GPP TS 27.007 section 9.2 and 27.005 section 3.2.5.
"""

import re
from dataclasses import dataclass, field

# The longest honest line is an SMS PDU (about 360 characters) or a neighbour cell list (1 kB).
MAX_LINE = 4096
# The longest honest answer is a full message store (255 messages); a flood must not fill memory.
MAX_LINES = 1024

PROMPT = "> "

_ERROR = re.compile(r"\+(CM[ES]) ERROR: ?(.*)\Z")
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


@dataclass(frozen=True)
class Final:
    """How a command ended: kind is ok, error, cme or cms; code is None for OK and plain ERROR."""

    kind: str
    code: int | None = None
    text: str = ""

    @property
    def ok(self) -> bool:
        """True for OK."""
        return self.kind == "ok"


# 3GPP TS 27.007 table 9.2-1, the ones that a farm meets.
CME_TEXTS = {
    3: "operation not allowed",
    4: "operation not supported",
    10: "SIM not inserted",
    11: "SIM PIN required",
    12: "SIM PUK required",
    13: "SIM failure",
    14: "SIM busy",
    15: "SIM wrong",
    16: "incorrect password",
    17: "SIM PIN2 required",
    18: "SIM PUK2 required",
    30: "no network service",
    31: "network timeout",
    32: "network not allowed - emergency calls only",
    50: "incorrect parameters",
    100: "unknown",
}
# 3GPP TS 27.005 section 3.2.5.
CMS_TEXTS = {
    302: "operation not allowed",
    303: "operation not supported",
    310: "SIM not inserted",
    311: "SIM PIN required",
    313: "SIM failure",
    314: "SIM busy",
    316: "SIM PUK required",
    321: "invalid memory index",
    322: "memory full",
    330: "SMSC address unknown",
    331: "no network service",
    500: "unknown error",
}


def parse_final(line: str) -> Final | None:
    """The final result that `line` is, or None. Numeric and verbose forms give code and text."""
    if line == "OK":
        return Final("ok")
    if line == "ERROR":
        return Final("error", None, "the modem gives no reason")
    match = _ERROR.match(line)
    if match is None:
        return None
    kind, rest = match.group(1).lower(), match.group(2).strip()
    texts = CME_TEXTS if kind == "cme" else CMS_TEXTS
    if rest.isascii() and rest.isdecimal() and len(rest) <= 5:
        code = int(rest)
        return Final(kind, code, texts.get(code, f"code {code}"))
    code_of = {text.lower(): code for code, text in texts.items()}
    return Final(kind, code_of.get(rest.lower()), rest or "the modem gives no reason")


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
        if name is None or _ERROR.match(line):
            return False
        return name.group(1) not in self._names
