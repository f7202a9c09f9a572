# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the network lets the modem in: +CREG (calls), +CGREG (2G and 3G data), +CEREG (LTE).

27.007 sections 7.2, 10.1.20 and 10.1.22. An answer is n,stat[,area,cell[,AcT[,...]]], an
unsolicited line the same without n; their shapes tell them apart.
"""

from dataclasses import dataclass
from enum import Enum

from ..answers import Fields, first, unreadable
from ..session import AtSession
from .technology import Technology, technology

AREA_MAX = 0xFFFF
CELL_MAX = 0xFFFFFFF  # 28 bits in UTRAN and E-UTRAN
NO_AREA = (0x0000, 0xFFFE, 0xFFFF)  # 24.008 section 10.5.1.3: deleted, so there is none
CAUSE_MAX = 255


class RegistrationState(Enum):
    """<stat>; OTHER is one that only exists for SMS, emergencies or CSFB."""

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
        return self in (RegistrationState.HOME, RegistrationState.ROAMING)


@dataclass(frozen=True)
class Registration:
    """One domain. `reports` is n: 0 no unsolicited lines, 1 with the state, 2 with the place.

    area is LAC or TAC, cell the cell id; both None while n is below 2 or there is none. cause is a
    reject cause of 24.008 or 24.301 (cause_type 0) or the maker's own (1).
    """

    state: RegistrationState
    reports: int
    area: int | None = None
    cell: int | None = None
    technology: Technology | None = None
    routing_area: int | None = None
    cause_type: int | None = None
    cause: int | None = None

    @property
    def registered(self) -> bool:
        """True at home and roaming."""
        return self.state.registered


def registration(session: AtSession) -> Registration:
    """In LTE (AT+CEREG?)."""
    return first(session, "AT+CEREG?", "+CEREG", _answer)


def circuit_registration(session: AtSession) -> Registration:
    """For calls and SMS (AT+CREG?)."""
    return first(session, "AT+CREG?", "+CREG", _answer)


def packet_registration(session: AtSession) -> Registration:
    """For data in 2G and 3G (AT+CGREG?)."""
    return first(session, "AT+CGREG?", "+CGREG", _packet_answer)


def _answer(fields: Fields) -> Registration:
    return _registration(fields, cause_at=5, routing_at=None)


def _packet_answer(fields: Fields) -> Registration:
    # 27.007 puts the routing area before the cause; an EC25 has none, so its cause is at 5.
    with_routing = len(fields) == 6 or len(fields) > 7
    return _registration(fields, 6 if with_routing else 5, 5 if with_routing else None)


def _registration(fields: Fields, cause_at: int, routing_at: int | None) -> Registration:
    if not is_answer(fields):
        unreadable("this line came unasked")
    stat = fields.number(1, 0, 99)
    return Registration(
        state=RegistrationState(stat) if stat <= 5 else RegistrationState.OTHER,
        reports=fields.number(0, 0, 5),
        area=_area(fields),
        cell=fields.maybe_hexadecimal(3, CELL_MAX),
        technology=technology(fields, 4),
        routing_area=None if routing_at is None else fields.maybe_hexadecimal(routing_at, 0xFF),
        cause_type=fields.maybe_number(cause_at, 0, 1),
        cause=fields.maybe_number(cause_at + 1, 0, CAUSE_MAX),
    )


def is_answer(fields: Fields) -> bool:
    """True for n,stat...: two bare small numbers, then nothing or area and cell."""
    return (
        len(fields) not in (1, 3)
        and all(fields.raw(i).isdecimal() and not fields.quoted(i) for i in (0, 1))
        and len(fields.raw(1)) <= 3
    )


def _area(fields: Fields) -> int | None:
    area = fields.maybe_hexadecimal(2, AREA_MAX)
    return None if area in NO_AREA else area
