# SPDX-License-Identifier: GPL-3.0-or-later
"""Which network the modem is in, which there are, and choosing one (27.007 section 7.3)."""

import contextlib
import re
from dataclasses import dataclass
from enum import Enum

from ...errors import FarmError, InvalidValueError
from ..answers import Fields, clean, each, first, groups, unreadable
from ..session import AtSession
from .technology import Technology, technology

LONG_NAME = 0  # <format>
MAX_NETWORKS = 100  # honest scans give a dozen
_PLMN = re.compile(r"[0-9]{5,6}\Z")
_UCS2 = re.compile(r"(?:[0-9A-Fa-f]{4}){1,64}\Z")


class Selection(Enum):
    """How the network is chosen: AUTOMATIC, MANUAL, none (DEREGISTERED), or both in turn."""

    AUTOMATIC = 0
    MANUAL = 1
    DEREGISTERED = 2
    MANUAL_THEN_AUTOMATIC = 4
    OTHER = -1


class NetworkStatus(Enum):
    """What a scan says of a network."""

    UNKNOWN = 0
    AVAILABLE = 1
    CURRENT = 2
    FORBIDDEN = 3


@dataclass(frozen=True)
class Operator:
    """The network the modem is in; the name is hostile text, cut and printable only.

    name None while it is in none; plmn is known where the modem was set to give digits.
    """

    name: str | None
    technology: Technology | None
    selection: Selection = Selection.AUTOMATIC
    plmn: str | None = None


@dataclass(frozen=True)
class Network:
    """One network of a scan; names None where the modem knows none."""

    status: NetworkStatus
    name: str | None
    short_name: str | None
    plmn: str
    technology: Technology | None


@dataclass(frozen=True)
class Provider:
    """Names of the network (full, short), of the SIM's provider, and the network's PLMN."""

    name: str | None
    short_name: str | None
    service_provider: str | None
    plmn: str | None


def operator(session: AtSession) -> Operator:
    """AT+COPS?: `+COPS: 0,0,"name",7`, or `+COPS: 0` in no network."""
    return first(session, "AT+COPS?", "+COPS", _operator)


def choose_automatically(session: AtSession) -> None:
    """AT+COPS=0: the modem finds a network itself. It registers anew, so data stops for a while."""
    session.command("AT+COPS=0")


def choose(session: AtSession, plmn: str) -> None:
    """AT+COPS=1,2,"plmn": this network and no other. It registers anew.

    InvalidValueError before anything is sent; CommandFailedError when the network refuses.
    """
    command = f'AT+COPS=1,2,"{check_plmn(plmn)}"'
    try:
        session.command(command)
    finally:
        with contextlib.suppress(FarmError):  # AT+COPS? would go on to answer with digits
            session.command(f"AT+COPS=3,{LONG_NAME}")


def scan(session: AtSession) -> tuple[Network, ...]:
    """AT+COPS=?: every network in reach, one row per technology.

    It takes one to three minutes (180 s at most by the EC25 manual), and data may stop meanwhile.
    """
    rows = each(session, "AT+COPS=?", "+COPS", _networks)
    found = tuple(network for row in rows for network in row)
    if len(found) > MAX_NETWORKS:
        unreadable(f"{session.device} names {len(found)} networks", "AT+COPS=?")
    return found


def provider(session: AtSession) -> Provider:
    """AT+QSPN (EC25 manual): `"full","short","SIM's",alphabet,"plmn"`; alphabet 1 is UCS-2 hex."""
    return first(session, "AT+QSPN", "+QSPN", _provider)


def check_plmn(value: object, field: str = "operator") -> str:
    """Return a PLMN (country and network, 5 or 6 digits) or raise InvalidValueError."""
    if not isinstance(value, str) or not _PLMN.match(value):
        raise InvalidValueError(field, value, "a PLMN, 5 or 6 ASCII digits such as 26201")
    return value


def _operator(fields: Fields) -> Operator:
    mode = fields.number(0, 0, 99)
    selection = Selection(mode) if mode in (0, 1, 2, 4) else Selection.OTHER
    if len(fields) < 3:
        return Operator(None, None, selection)
    form, name = fields.maybe_number(1, 0, 2), fields.maybe_text(2)
    plmn = fields.raw(2) if form == 2 and _PLMN.match(fields.raw(2)) else None
    return Operator(name, technology(fields, 3), selection, plmn)


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(_network(group) for group in groups(text) if _is_network(group))


def _is_network(fields: Fields) -> bool:
    # `,,(0,1,2,3,4),(0-2)` at the end are modes and formats: bare, and of few digits.
    return any(fields.quoted(place) or len(fields.raw(place)) >= 5 for place in range(1, 4))


def _network(fields: Fields) -> Network:
    if not _PLMN.match(fields.raw(3)):
        unreadable(f"{clean(fields.raw(3))!r} is no PLMN")
    return Network(
        NetworkStatus(fields.number(0, 0, 3)),
        fields.maybe_text(1),
        fields.maybe_text(2),
        fields.raw(3),
        technology(fields, 4),
    )


def _provider(fields: Fields) -> Provider:
    if len(fields) < 5:
        unreadable("there are fewer than five fields")
    name, short_name, service_provider = (_decoded(fields, place) for place in range(3))
    plmn = fields.raw(4)
    return Provider(name, short_name, service_provider, plmn if _PLMN.match(plmn) else None)


def _decoded(fields: Fields, place: int) -> str | None:
    raw = fields.raw(place)
    if fields.raw(3) != "1" or not _UCS2.match(raw):
        return fields.maybe_text(place)
    return clean(bytes.fromhex(raw).decode("utf-16-be", errors="replace")) or None
