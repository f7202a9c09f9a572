# SPDX-License-Identifier: GPL-3.0-or-later
"""The modem's short messages: two storages, asked by AT (+CMGL, +CPMS, …) and by QMI (WMS).

The names are those of 3GPP TS 27.005 section 3.1. QMI calls ME "NV" and SM "UIM".
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import IntEnum

from modemlab.modem.errors import NoSuchMessageError, StorageFullError

ME, SM, MT = "ME", "SM", "MT"
# Places as an EC25-EUX reports them by AT+CPMS?; a SIM's EF-SMS differs from card to card.
SIZES = {ME: 255, SM: 23}
NO_SMSC = b"\x00"  # an empty service centre address before the TPDU


class Status(IntEnum):
    """<stat> of +CMGL in PDU mode; ALL only asks."""

    UNREAD = 0
    READ = 1
    UNSENT = 2
    SENT = 3
    ALL = 4


@dataclass(frozen=True)
class Message:
    """One stored TPDU. `smsc` is the length octet and the address before it, as in PDU mode."""

    storage: str
    index: int
    status: Status
    tpdu: bytes
    smsc: bytes = NO_SMSC

    @property
    def pdu(self) -> bytes:
        """What +CMGR shows in PDU mode and what QMI calls raw data."""
        return self.smsc + self.tpdu


class Event(IntEnum):
    """What happened to a message."""

    ADDED = 0
    CHANGED = 1
    DELETED = 2


def _unheard(_event: Event, _message: Message) -> None:
    """Nobody listens yet."""


@dataclass
class MessageStore:
    """Both storages. `on_change(event, message)` is called after each change.

    They live on the module and on the card, so power keeps them. `full` is a fault: no place is
    free, whatever is stored. MT, where an EC25 looks by default, is the same as ME here.
    """

    sizes: dict[str, int] = field(default_factory=lambda: dict(SIZES))
    full: bool = False
    on_change: Callable[[Event, Message], None] = field(default=_unheard)
    _slots: dict[str, dict[int, Message]] = field(default_factory=lambda: {ME: {}, SM: {}})

    def size(self, storage: str) -> int:
        """How many places `storage` (ME, SM or MT) has."""
        return self.sizes[_own(storage)]

    def used(self, storage: str) -> int:
        """How many of them are taken; all with the fault `full`."""
        return self.size(storage) if self.full else len(self._slots[_own(storage)])

    def has_room(self, storage: str) -> bool:
        return self.used(storage) < self.size(storage)

    def list(self, storage: str, status: Status = Status.ALL) -> list[Message]:
        """The messages of one storage, by index."""
        found = sorted(self._slots[_own(storage)].values(), key=lambda message: message.index)
        return [message for message in found if status in (Status.ALL, message.status)]

    def get(self, storage: str, index: int) -> Message:
        """One message. Raises NoSuchMessageError; reading marks nothing, see `set_status`."""
        message = self._slots[_own(storage)].get(index)
        if message is None:
            raise NoSuchMessageError(f"{storage} has no message {index}")
        return message

    def add(self, storage: str, status: Status, tpdu: bytes, smsc: bytes = NO_SMSC) -> Message:
        """Store in the lowest free place. Raises StorageFullError."""
        storage = _own(storage)
        if not self.has_room(storage):
            raise StorageFullError(f"{storage} is full")
        slots = self._slots[storage]
        index = next(number for number in range(self.sizes[storage]) if number not in slots)
        message = slots[index] = Message(storage, index, status, tpdu, smsc)
        self.on_change(Event.ADDED, message)
        return message

    def set_status(self, storage: str, index: int, status: Status) -> Message:
        """Mark as read or sent. Raises NoSuchMessageError."""
        message = self.get(storage, index)
        if message.status is not status:
            message = self._slots[message.storage][index] = replace(message, status=status)
            self.on_change(Event.CHANGED, message)
        return message

    def delete(self, storage: str, index: int) -> None:
        """Remove one. Raises NoSuchMessageError."""
        message = self.get(storage, index)
        del self._slots[message.storage][index]
        self.on_change(Event.DELETED, message)

    def clear(self, storage: str, *statuses: Status) -> None:
        """Remove all of one storage, or those with one of `statuses`."""
        for message in self.list(storage):
            if not statuses or message.status in statuses:
                self.delete(storage, message.index)


def _own(storage: str) -> str:
    return ME if storage == MT else storage
