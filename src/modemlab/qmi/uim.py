# SPDX-License-Identifier: GPL-3.0-or-later
"""UIM (0x0B): the card, its files and its PIN."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from modemlab.modem import simfiles
from modemlab.modem.errors import SimError, SimMissingError
from modemlab.modem.identity import swapped_bcd
from modemlab.modem.sim import Sim, SimState
from modemlab.qmi import pin
from modemlab.qmi.codec import Request
from modemlab.qmi.errors import Code, QmiError
from modemlab.qmi.service import Reply, Service, message, required

if TYPE_CHECKING:
    from modemlab.modem.modem import Modem

USIM_AID = bytes.fromhex("a0000000871002ff49ff0589")
NO_INDEX = 0xFFFF
CARD_ABSENT, CARD_PRESENT = 0, 1
CARD_ERROR_NONE = 0
APP_USIM = 2
APP_STATE = {
    SimState.PIN: 2,
    SimState.PUK: 3,
    SimState.BLOCKED: 5,
    SimState.READY: 7,
}
PERSONALIZATION_READY = 2
PIN2 = bytes([pin.PIN_DISABLED, 3, 10])
SW_OK, SW_NOT_FOUND = b"\x90\x00", b"\x6a\x82"
CARD_STATUS_EVENT = 0x1
SLOT_PRESENT, SLOT_ABSENT, SLOT_ACTIVE = 2, 1, 1


class Uim(Service):
    number = 0x0B
    version = (1, 46)
    # reset; refresh register for some files, and for all
    accepted = frozenset({0x0000, 0x002A, 0x0044})

    def __init__(self, modem: Modem) -> None:
        super().__init__(modem)
        self.card_listeners: set[int] = set()

    def release(self, client: int) -> None:
        super().release(client)
        self.card_listeners.discard(client)

    def card_changed(self) -> None:
        for client in sorted(self.card_listeners):
            self.indicate(client, 0x0032, [(0x10, card_status(self.modem.sim))])

    @message(0x0020)
    def read_transparent(self, request: Request) -> Reply:
        (file_id,) = struct.unpack_from("<H", required(request, 0x02, 2))
        content = self._file(file_id)
        if content is None:
            raise QmiError(Code.NOT_PROVISIONED, ((0x10, SW_NOT_FOUND),))
        offset, length = struct.unpack_from("<HH", request.tlvs.get(0x03, b"").ljust(4, b"\x00"))
        part = content[offset : offset + length if length else None]
        return [(0x10, SW_OK), (0x11, struct.pack("<H", len(part)) + part)]

    @message(0x0025)
    def set_pin_protection(self, request: Request) -> Reply:
        info = required(request, 0x02, 3)
        (code,) = _texts(info[2:], 1)
        return pin.protect(self.modem.sim, info[0], info[1] == 1, code)

    @message(0x0026)
    def verify_pin(self, request: Request) -> Reply:
        info = required(request, 0x02, 2)
        (code,) = _texts(info[1:], 1)
        return pin.verify(self.modem.sim, info[0], code)

    @message(0x0027)
    def unblock_pin(self, request: Request) -> Reply:
        info = required(request, 0x02, 3)
        puk, new = _texts(info[1:], 2)
        return pin.unblock(self.modem.sim, info[0], puk, new)

    @message(0x0028)
    def change_pin(self, request: Request) -> Reply:
        info = required(request, 0x02, 3)
        old, new = _texts(info[1:], 2)
        return pin.change(self.modem.sim, info[0], old, new)

    @message(0x002E)
    def register_events(self, request: Request) -> Reply:
        mask = required(request, 0x01, 4)
        if mask[0] & CARD_STATUS_EVENT:
            self.card_listeners.add(request.client)
        else:
            self.card_listeners.discard(request.client)
        return [(0x10, mask[:4])]

    @message(0x002F)
    def get_card_status(self, _request: Request) -> Reply:
        return [(0x10, card_status(self.modem.sim))]

    @message(0x003A)
    def get_configuration(self, _request: Request) -> Reply:
        return [(0x10, b"\x00"), (0x11, b"\x00")]  # no manual selection, no personalization

    @message(0x0047)
    def get_slot_status(self, _request: Request) -> Reply:
        present = self.modem.sim.present
        iccid = swapped_bcd(self.modem.iccid) if present else b""
        card = SLOT_PRESENT if present else SLOT_ABSENT
        slot = struct.pack("<IIBB", card, SLOT_ACTIVE, 1, len(iccid)) + iccid
        return [(0x10, b"\x01" + slot)]

    def _file(self, file_id: int) -> bytes | None:
        """The content of an elementary file, None when the card has no such file."""
        try:
            return simfiles.read(self.modem, file_id)
        except SimMissingError:
            raise QmiError(Code.UIM_UNINITIALIZED) from None
        except SimError:
            raise QmiError(Code.ACCESS_DENIED) from None


def card_status(sim: Sim) -> bytes:
    """The card status TLV: one slot, and one USIM when a card is in it."""
    if not sim.present:
        indexes = struct.pack("<HHHH", NO_INDEX, NO_INDEX, NO_INDEX, NO_INDEX)
        return indexes + bytes([1, CARD_ABSENT, 0, 0, 0, CARD_ERROR_NONE, 0])
    head = struct.pack("<HHHH", 0, NO_INDEX, NO_INDEX, NO_INDEX)
    card = bytes([1, CARD_PRESENT, 0, 0, 0, CARD_ERROR_NONE, 1])
    app = bytes([APP_USIM, APP_STATE[sim.state], PERSONALIZATION_READY, 0, 0, 0, len(USIM_AID)])
    pin1 = bytes([0, pin.pin1_state(sim), sim.pin_tries, sim.puk_tries])
    return head + card + app + USIM_AID + pin1 + PIN2


def _texts(data: bytes, count: int) -> list[str]:
    """`count` length-prefixed strings. Raises QmiError when they do not fill the data."""
    texts = []
    for _ in range(count):
        size = data[0] if data else -1
        if len(data) < 1 + size or size < 0:
            raise QmiError(Code.MALFORMED_MESSAGE)
        texts.append(data[1 : 1 + size].decode("latin-1"))
        data = data[1 + size :]
    return texts
