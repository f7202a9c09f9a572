# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls and voice over LTE: their state only, nothing is dialled."""

import re
from dataclasses import dataclass
from enum import Enum

from ...errors import NotSupportedError, UnexplainedFailureError
from ..answers import Fields, every, first
from ..session import AtSession
from .config import setting

CALLS_MAX = 7  # 22.030: at most seven calls at a time
EXTENSIONS_MAX = 0xFFFFFFFF


class CallState(Enum):
    """<stat> of +CLCC."""

    ACTIVE = 0
    HELD = 1
    DIALLING = 2
    ALERTING = 3
    INCOMING = 4
    WAITING = 5


class CallMode(Enum):
    """What a call carries; an EC25 lists its data connection as a call of mode DATA."""

    VOICE = 0
    DATA = 1
    FAX = 2
    OTHER = -1


@dataclass(frozen=True)
class Call:
    """One call; number None where the other side hides it."""

    index: int
    incoming: bool
    state: CallState
    mode: CallMode
    number: str | None


class ImsSetting(Enum):
    """Whether the modem tries voice over LTE ("ims"): as the carrier's profile says, on, or off."""

    BY_CARRIER = 0
    ON = 1
    OFF = 2


@dataclass(frozen=True)
class Ims:
    """Voice over LTE. `available` and `registered` are None where the firmware does not say."""

    setting: ImsSetting
    available: bool | None
    registered: bool | None


def calls(session: AtSession) -> tuple[Call, ...]:
    """AT+CLCC (27.007 section 7.18); empty without a call."""
    return every(session, "AT+CLCC", "+CLCC", _call)


def ims(session: AtSession) -> Ims:
    """AT+QCFG="ims" (setting and VoLTE capability) and AT+CIREG? (27.007 section 8.71).

    Most EC25 firmwares do not know +CIREG; that is no failure.
    """
    wanted, available = setting(session, "ims", _ims)
    return Ims(wanted, available, _ims_registered(session))


def _ims_registered(session: AtSession) -> bool | None:
    try:
        return first(session, "AT+CIREG?", "+CIREG", lambda fields: fields.number(1, 0, 1) == 1)
    except (NotSupportedError, UnexplainedFailureError):
        return None


def _ims(fields: Fields) -> tuple[ImsSetting, bool | None]:
    able = fields.maybe_number(2, 0, 1)
    return ImsSetting(fields.number(1, 0, 2)), None if able is None else able == 1


def _call(fields: Fields) -> Call:
    mode = fields.number(3, 0, 99)
    number = re.sub(r"[^0-9+*#]", "", fields.text(5))
    return Call(
        fields.number(0, 1, CALLS_MAX),
        fields.number(1, 0, 1) == 1,
        CallState(fields.number(2, 0, 5)),
        CallMode(mode) if mode <= 2 else CallMode.OTHER,
        number or None,
    )
