# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the lines of an answer. What a modem says is hostile: cleaned, cut, never trusted."""

import re

from ..errors import AnswerUnreadableError
from .session import AtSession

MAX_TEXT = 64  # names from modem and carrier are shown to people, not stored at any length


def matched(session: AtSession, command: str, pattern: re.Pattern[str]) -> re.Match[str]:
    """The first answer line that fits. Others may be rubbish from a glitching port."""
    lines = session.command(command).lines
    for line in lines:
        match = pattern.match(line)
        if match:
            return match
    shown = " | ".join(lines)[:MAX_TEXT]
    raise AnswerUnreadableError(
        f"{session.device} answered {command} with {shown!r}", "try again; see the modem's manual"
    )


def text(session: AtSession, command: str) -> str:
    """The first answer line with anything in it, without the command's name."""
    lines = session.command(command).lines
    name = command[2:]
    for line in lines:
        cleaned = clean(line.removeprefix(f"{name}: "))
        if cleaned:
            return cleaned
    raise AnswerUnreadableError(f"{session.device} answered {command} with nothing", "try again")


def clean(value: str) -> str:
    """Printable characters only, without quotes around, at most MAX_TEXT of them."""
    return "".join(c for c in value.strip().strip('"') if c.isprintable())[:MAX_TEXT]
