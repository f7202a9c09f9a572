# SPDX-License-Identifier: GPL-3.0-or-later
"""How full the message stores are and what lies in them. The texts themselves are not read here.

27.005 sections 3.2.2, 3.4.2 and 3.4.3, in PDU mode (AT+CMGF=0, which is how an EC25 starts).
"""

from dataclasses import dataclass
from enum import Enum

from ...errors import InvalidValueError
from ..answers import Fields, every, first, unreadable
from ..session import AtSession

INDEX_MAX = 999  # the EC25's own store has 255 places, a SIM up to 255
PDU_MAX = 255  # octets, 23.040 section 9.2
STORES = ("SM", "ME", "MT", "SR", "BM", "TA")


@dataclass(frozen=True)
class Store:
    """One store: SM the SIM, ME the modem, MT both; messages in it, and room for how many."""

    name: str
    used: int
    total: int

    @property
    def full(self) -> bool:
        """True when nothing more fits: the network keeps what comes, or drops it."""
        return self.used >= self.total


@dataclass(frozen=True)
class Stores:
    """Where messages are read and deleted, written and sent from, and put when they come."""

    reading: Store
    writing: Store
    receiving: Store


class MessageState(Enum):
    """<stat> of a stored message."""

    UNREAD = 0
    READ = 1
    UNSENT = 2
    SENT = 3


@dataclass(frozen=True)
class StoredMessage:
    """One stored message: place, state, and octets of its PDU without the SMS centre's address."""

    index: int
    state: MessageState
    length: int


def stores(session: AtSession) -> Stores:
    """AT+CPMS?: `+CPMS: "ME",0,255,"ME",0,255,"ME",0,255`."""
    return first(session, "AT+CPMS?", "+CPMS", _stores)


def stored_messages(session: AtSession) -> tuple[StoredMessage, ...]:
    """AT+CMGL=4: all messages in the reading store. Unread ones count as read from then on."""
    return every(session, "AT+CMGL=4", "+CMGL", _listed)


def stored_message(session: AtSession, index: int) -> StoredMessage:
    """AT+CMGR=index. An unread message counts as read. InvalidValueError before it is sent."""
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index <= INDEX_MAX:
        raise InvalidValueError("index", index, f"0 to {INDEX_MAX}")
    found = first(session, f"AT+CMGR={index}", "+CMGR", _state_and_length)
    return StoredMessage(index, *found)


def _stores(fields: Fields) -> Stores:
    return Stores(_store(fields, 0), _store(fields, 3), _store(fields, 6))


def _store(fields: Fields, place: int) -> Store:
    name = fields.text(place).upper()
    if name not in STORES:
        unreadable(f"{name!r} is no store")
    used = fields.number(place + 1, 0, INDEX_MAX)
    return Store(name, used, fields.number(place + 2, 0, INDEX_MAX))


def _listed(fields: Fields) -> StoredMessage:
    state, length = MessageState(fields.number(1, 0, 3)), _length(fields)
    return StoredMessage(fields.number(0, 0, INDEX_MAX), state, length)


def _state_and_length(fields: Fields) -> tuple[MessageState, int]:
    return MessageState(fields.number(0, 0, 3)), _length(fields)


def _length(fields: Fields) -> int:
    return fields.number(len(fields) - 1, 0, PDU_MAX)
