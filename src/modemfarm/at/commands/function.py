# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of the modem is on (27.007 section 8.2). Switching belongs to the lifecycle."""

from enum import Enum

from ..answers import Fields, first
from ..session import AtSession


class Function(Enum):
    """Levels an EC25 has; OTHER is a number its manual does not name."""

    MINIMUM = 0
    FULL = 1
    AIRPLANE = 4
    OTHER = -1


def function(session: AtSession) -> Function:
    """AT+CFUN?: `+CFUN: 1`. EC25 manual: up to 15 s, mostly at once."""
    return first(session, "AT+CFUN?", "+CFUN", _function)


def _function(fields: Fields) -> Function:
    level = fields.number(0, 0, 255)
    return Function(level) if level in (0, 1, 4) else Function.OTHER
