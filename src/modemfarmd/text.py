# SPDX-License-Identifier: GPL-3.0-or-later
"""Strings from modems, SMS and carriers made safe to show on a terminal or in a log line."""

from __future__ import annotations

LONGEST = 2000  # characters; a longer line is cut, so a talkative modem cannot fill the journal


def printable(value: object, longest: int = LONGEST) -> str:
    """One line: everything that is not printable (controls, bidi marks, surrogates) escaped."""
    text = str(value)
    if len(text) > longest:
        text = text[:longest] + "..."
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
