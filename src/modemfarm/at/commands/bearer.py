# SPDX-License-Identifier: GPL-3.0-or-later
"""PDP contexts as AT knows them, and bytes counted. The farm's own data runs over QMI.

27.007 section 10.1 and the EC25 manual (+QGDCNT, +QAUGDCNT).
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from ...errors import InvalidValueError
from ...identity import check_apn
from ..answers import Fields, every, first, unreadable
from ..session import AtSession

CONTEXTS = range(1, 17)  # EC25 manual: 1 to 16, of which carriers use the first three
TYPES = ("IP", "IPV6", "IPV4V6", "PPP")
CONTEXT_MAX = 255
BYTES_MAX = 2**64 - 1
AUTOSAVE_MAX_S = 65535


@dataclass(frozen=True)
class Context:
    """One PDP context: its number, type (IP, IPV6, IPV4V6, PPP) and APN ("" is the network's)."""

    number: int
    kind: str
    apn: str


@dataclass(frozen=True)
class ContextAddress:
    """Addresses of one context; empty while it is not active."""

    number: int
    addresses: tuple[IPv4Address | IPv6Address, ...]


@dataclass(frozen=True)
class ContextState:
    """Whether one context is active."""

    number: int
    active: bool


@dataclass(frozen=True)
class Traffic:
    """Bytes since the counters were reset; they live in the modem and may be saved there."""

    sent: int
    received: int


def contexts(session: AtSession) -> tuple[Context, ...]:
    """AT+CGDCONT? (section 10.1.1)."""
    return every(session, "AT+CGDCONT?", "+CGDCONT", _context)


def define_context(session: AtSession, number: int, kind: str, apn: str) -> None:
    """AT+CGDCONT=number,"kind","apn". InvalidValueError before anything is sent."""
    check_context(number)
    if kind not in TYPES:
        raise InvalidValueError("type", kind, ", ".join(TYPES))
    session.command(f'AT+CGDCONT={number},"{kind}","{check_apn(apn)}"')


def addresses(session: AtSession) -> tuple[ContextAddress, ...]:
    """AT+CGPADDR (section 10.1.14) of all contexts."""
    return every(session, "AT+CGPADDR", "+CGPADDR", _addresses)


def active_contexts(session: AtSession) -> tuple[ContextState, ...]:
    """AT+CGACT? (section 10.1.10)."""
    return every(session, "AT+CGACT?", "+CGACT", _state)


def activate(session: AtSession, number: int) -> None:
    """AT+CGACT=1,number. InvalidValueError before anything is sent."""
    session.command(f"AT+CGACT=1,{check_context(number)}")


def deactivate(session: AtSession, number: int) -> None:
    """AT+CGACT=0,number. In LTE the network may refuse to take the last one."""
    session.command(f"AT+CGACT=0,{check_context(number)}")


def traffic(session: AtSession) -> Traffic:
    """AT+QGDCNT?: `+QGDCNT: sent,received` in bytes."""
    return first(session, "AT+QGDCNT?", "+QGDCNT", _traffic)


def traffic_autosave(session: AtSession) -> int:
    """AT+QAUGDCNT?: seconds between savings of the counters in the modem, 0 for never."""
    return first(session, "AT+QAUGDCNT?", "+QAUGDCNT", lambda f: f.number(0, 0, AUTOSAVE_MAX_S))


def check_context(value: object) -> int:
    """Return the number of a context or raise InvalidValueError."""
    if not isinstance(value, int) or isinstance(value, bool) or value not in CONTEXTS:
        raise InvalidValueError("context", value, f"{CONTEXTS[0]} to {CONTEXTS[-1]}")
    return value


def _context(fields: Fields) -> Context:
    kind = fields.text(1).upper()
    if kind not in TYPES:
        unreadable(f"{kind!r} is no type of context")
    return Context(fields.number(0, 0, CONTEXT_MAX), kind, fields.text(2))


def _addresses(fields: Fields) -> ContextAddress:
    found = [_address(fields.raw(place)) for place in range(1, min(len(fields), 3))]
    known = tuple(a for a in found if a is not None and not a.is_unspecified)
    return ContextAddress(fields.number(0, 0, CONTEXT_MAX), known)


def _address(raw: str) -> IPv4Address | IPv6Address | None:
    """An address in either form; 27.007 writes IPv6 as 16 decimal numbers with dots."""
    numbers = raw.split(".")
    try:
        if len(numbers) == 16:
            return IPv6Address(bytes(int(number) for number in numbers))
        return ip_address(raw) if raw else None
    except ValueError:
        unreadable(f"{raw[:50]!r} is no address")


def _state(fields: Fields) -> ContextState:
    return ContextState(fields.number(0, 0, CONTEXT_MAX), fields.number(1, 0, 1) == 1)


def _traffic(fields: Fields) -> Traffic:
    return Traffic(fields.number(0, 0, BYTES_MAX), fields.number(1, 0, BYTES_MAX))
