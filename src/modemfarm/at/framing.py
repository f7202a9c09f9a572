# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes in, lines out. Nothing here waits or opens anything.

Syntax of lines: ITU-T V.250 section 5.
"""

import re

# The longest honest line is an SMS PDU (about 360 characters) or a neighbour cell list (1 kB).
MAX_LINE = 4096

PROMPT = b"> "

# NUL is not among them: modems send it while they start. The C1 set drives terminals as well.
_CONTROL = re.compile("[\x01-\x08\x0b-\x1f\x7f-\x9f]")
_RARE = bytes(
    byte for byte in range(0x80) if (byte < 0x20 and byte not in b"\t\n\r") or byte == 0x7F
)


class Framer:
    """Cuts a byte stream into lines. Memory is bounded; garbage is dropped and counted."""

    def __init__(self) -> None:
        self.dropped = 0  # lines thrown away: too long, or with control characters in them
        self._rest = b""  # the line that has not ended yet
        self._skipping = False

    def feed(self, data: bytes) -> list[str]:
        """Take bytes as read, in any split, and return the lines that they complete."""
        if self._skipping:
            data = self._skip(data)
        elif self._rest:
            data = self._rest + data
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        rest = data[end:]
        if len(rest) > MAX_LINE:
            rest, self._skipping = b"", True
        self._rest = rest
        return self._lines(data[:end]) if end else []

    def prompt(self) -> bool:
        """True, once, when the modem waits for text (`> ` without a line end)."""
        if self._rest.strip(b"\0") != PROMPT:
            return False
        self._rest = b""
        return True

    def _skip(self, data: bytes) -> bytes:
        """What follows the end of an endless line; nothing as long as it goes on."""
        ends = [place for place in (data.find(b"\n"), data.find(b"\r")) if place >= 0]
        if not ends:
            return b""
        self._skipping = False
        self.dropped += 1
        return data[min(ends) :]

    def _lines(self, data: bytes) -> list[str]:
        # Nearly all data is plain text, and can be cut as a whole: 20 times as fast as by line.
        if data.isascii() and len(data.translate(None, _RARE)) == len(data):
            text = data.decode("ascii")
            lines = [line for line in text.splitlines() if line]
            if not _padded(text) and _longest(lines, data) <= MAX_LINE:
                return lines
        return [line for raw in re.split(rb"[\r\n]", data) if (line := self._line(raw))]

    def _line(self, raw: bytes) -> str:
        text = raw.replace(b"\0", b"").decode("utf-8", errors="replace").strip(" ")
        if len(raw) > MAX_LINE or _CONTROL.search(text):
            self.dropped += 1
            return ""
        return text


def _padded(text: str) -> bool:
    """True when a line may have spaces around it."""
    return text[0] == " " or any(pair in text for pair in (" \r", " \n", "\r ", "\n "))


def _longest(lines: list[str], data: bytes) -> int:
    """The length of the longest line, or any smaller bound that is quicker to have."""
    return len(max(lines, key=len, default="")) if len(data) > MAX_LINE else 0
