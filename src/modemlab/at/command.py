# SPDX-License-Identifier: GPL-3.0-or-later
"""How an AT command is declared: up to four forms, each fixed lines or a handler.

Command and error names follow "Quectel EC2x AT Commands Manual" and 3GPP TS 27.007.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from modemlab.modem.errors import LabError

if TYPE_CHECKING:
    from modemlab.at.port import AtPort

Lines = tuple[str, ...]
Handler = Callable[["AtPort", str], Lines]
Answer = Lines | Handler
OK: Lines = ()


class Cme(IntEnum):
    """Codes of +CME ERROR (3GPP TS 27.007 section 9.2)."""

    NOT_ALLOWED = 3
    NOT_SUPPORTED = 4
    SIM_NOT_INSERTED = 10
    SIM_PIN_REQUIRED = 11
    SIM_PUK_REQUIRED = 12
    SIM_FAILURE = 13
    INCORRECT_PASSWORD = 16
    NO_NETWORK = 30
    INVALID_PARAMETER = 50


CME_TEXT = {
    Cme.NOT_ALLOWED: "operation not allowed",
    Cme.NOT_SUPPORTED: "operation not supported",
    Cme.SIM_NOT_INSERTED: "SIM not inserted",
    Cme.SIM_PIN_REQUIRED: "SIM PIN required",
    Cme.SIM_PUK_REQUIRED: "SIM PUK required",
    Cme.SIM_FAILURE: "SIM failure",
    Cme.INCORRECT_PASSWORD: "incorrect password",
    Cme.NO_NETWORK: "no network service",
    Cme.INVALID_PARAMETER: "Invalid parameters",
}


class AtError(LabError):
    """Ends a command with ERROR, or with +CME ERROR when a code is given and CMEE asks for it."""

    def __init__(self, code: Cme | None = None) -> None:
        super().__init__(code.name if code else "ERROR")
        self.code = code


@dataclass(frozen=True)
class Command:
    """AT+X (run), AT+X? (read), AT+X=… (write) and AT+X=? (test); None is refused."""

    run: Answer | None = None
    read: Answer | None = None
    write: Answer | None = None
    test: Answer | None = None


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


def integer(text: str, allowed: range | tuple[int, ...]) -> int:
    """A number out of `allowed`. Raises AtError."""
    if not text.strip().isdecimal() or int(text) not in allowed:
        raise AtError(Cme.INVALID_PARAMETER)
    return int(text)
