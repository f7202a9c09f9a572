# SPDX-License-Identifier: GPL-3.0-or-later
"""How an AT command is declared: up to four forms, each fixed lines or a handler.

Command and error names follow "Quectel EC2x AT Commands Manual" and 3GPP TS 27.007.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modemlab.at.errors import AtError, Cme, Cms

if TYPE_CHECKING:
    from modemlab.at.port import AtPort

Lines = tuple[str, ...]
Handler = Callable[["AtPort", str], Lines]
Answer = Lines | Handler
OK: Lines = ()


@dataclass(frozen=True)
class Command:
    """AT+X (run), AT+X? (read), AT+X=… (write) and AT+X=? (test); None is refused.

    `sms` commands fail with +CMS ERROR, all others with +CME ERROR.
    """

    run: Answer | None = None
    read: Answer | None = None
    write: Answer | None = None
    test: Answer | None = None
    sms: bool = False


Table = Mapping[str, Command]


def arguments(text: str) -> list[str]:
    """The comma-separated arguments of a write, without quotes: `1,"a,b"` is ["1", "a,b"]."""
    parts, current, quoted = [], "", False
    for char in text:
        if char == '"':
            quoted = not quoted
        elif char == "," and not quoted:
            parts.append(current)
            current = ""
        else:
            current += char
    return [*parts, current]


def integer(
    text: str, allowed: range | tuple[int, ...], error: Cme | Cms = Cme.INVALID_PARAMETER
) -> int:
    """A number out of `allowed`. Raises AtError with `error`."""
    if not text.strip().isdecimal() or int(text) not in allowed:
        raise AtError(error)
    return int(text)
