# SPDX-License-Identifier: GPL-3.0-or-later
"""The network the modem is in, and whether it lets the modem in.

Sources: 3GPP TS 27.007 (sections named below) and the Quectel EC25 AT commands manual.
"""

import re
from dataclasses import dataclass
from enum import Enum

from ..answers import clean, matched
from ..session import AtSession


@dataclass(frozen=True)
class Operator:
    """The network the modem is in; the name is hostile text, cut and printable only."""

    name: str | None
    technology: int | None


class Registration(Enum):
    """EPS registration (27.007 section 10.1.22)."""

    NONE = 0
    HOME = 1
    SEARCHING = 2
    DENIED = 3
    UNKNOWN = 4
    ROAMING = 5
    OTHER = -1

    @property
    def registered(self) -> bool:
        """True at home and roaming."""
        return self in (Registration.HOME, Registration.ROAMING)


def operator(session: AtSession) -> Operator:
    """AT+COPS? (section 7.3); name None while the modem is in no network."""
    pattern = re.compile(r"\+COPS: ?[0-9]+(?:, ?[0-9]+, ?\"([^\"]*)\"(?:, ?([0-9]+))?)?\Z")
    match = matched(session, "AT+COPS?", pattern)
    name, technology = match.groups()
    return Operator(clean(name) if name else None, int(technology) if technology else None)


def registration(session: AtSession) -> Registration:
    """AT+CEREG? (section 10.1.22); a +CEREG: <stat> that came unasked is not taken for it."""
    pattern = re.compile(r"\+CEREG: ?[0-5], ?([0-9]{1,2})(?:,.*)?\Z")
    value = int(matched(session, "AT+CEREG?", pattern).group(1))
    return Registration(value) if 0 <= value <= 5 else Registration.OTHER
