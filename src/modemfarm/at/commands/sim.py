# SPDX-License-Identifier: GPL-3.0-or-later
"""The SIM: what it wants, how many tries it leaves, its own numbers.

Entering a PIN is not here: only the PIN operation may do that.
"""

import re
from dataclasses import dataclass
from enum import Enum

from ...errors import (
    CommandFailedError,
    SimBusyError,
    SimFailedError,
    SimMissingError,
    SimPinError,
    SimPukError,
)
from ..answers import Fields, bare, every, unreadable
from ..session import AtSession

MAX_TRIES = 10  # ETSI TS 102 221: ten tries of a PUK, three of a PIN
_STATE = re.compile(r"([A-Z0-9 -]{1,30})\Z")


class SimState(Enum):
    """What the SIM wants (27.007 section 8.3)."""

    READY = "ready"
    PIN = "pin required"
    PUK = "puk required"
    ABSENT = "not inserted"
    BUSY = "busy"
    OTHER = "other lock"
    FAILED = "failed"


@dataclass(frozen=True)
class PinTries:
    """How many wrong entries are left; None where the modem does not say."""

    pin1: int | None
    puk1: int | None
    pin2: int | None
    puk2: int | None


@dataclass(frozen=True)
class OwnNumber:
    """A number that the SIM says is its own; many SIMs know none."""

    number: str
    name: str | None


_SAYS = {
    "READY": SimState.READY,
    "SIM PIN": SimState.PIN,
    "SIM PUK": SimState.PUK,
    "NOT INSERTED": SimState.ABSENT,  # Quectel, in the unsolicited form
    "NOT READY": SimState.BUSY,
}
_REFUSALS: tuple[tuple[type[CommandFailedError], SimState], ...] = (
    (SimMissingError, SimState.ABSENT),
    (SimPinError, SimState.PIN),
    (SimPukError, SimState.PUK),
    (SimFailedError, SimState.FAILED),
    (SimBusyError, SimState.BUSY),
)


def sim_state(session: AtSession) -> SimState:
    """What AT+CPIN? says; an error that names no SIM state is raised."""
    try:
        found = bare(session, "AT+CPIN?", _STATE, "+CPIN")
    except CommandFailedError as error:
        for kind, state in _REFUSALS:
            if isinstance(error, kind):
                return state
        raise
    return _SAYS.get(found.strip(), SimState.OTHER)


def pin_tries(session: AtSession) -> PinTries:
    """AT+QPINC? (EC25 manual): `+QPINC: "SC",3,10` for PIN1 and PUK1, "P2" for the second pair."""
    rows = dict(every(session, "AT+QPINC?", "+QPINC", _tries))
    if not rows:
        unreadable(f"{session.device} answered AT+QPINC? with nothing", "AT+QPINC?")
    pin1, puk1 = rows.get("SC", (None, None))
    pin2, puk2 = rows.get("P2", (None, None))
    return PinTries(pin1, puk1, pin2, puk2)


def own_numbers(session: AtSession) -> tuple[OwnNumber, ...]:
    """AT+CNUM (27.007 section 7.1): `+CNUM: [name],"number",type`; empty when the SIM has none."""
    found = every(session, "AT+CNUM", "+CNUM", _own_number)
    return tuple(number for number in found if number is not None)


def _tries(fields: Fields) -> tuple[str, tuple[int, int]]:
    counts = fields.number(1, 0, MAX_TRIES), fields.number(2, 0, MAX_TRIES)
    return fields.text(0).upper(), counts


def _own_number(fields: Fields) -> OwnNumber | None:
    number = re.sub(r"[^0-9+*#]", "", fields.text(1))
    return OwnNumber(number, fields.maybe_text(0)) if number else None
