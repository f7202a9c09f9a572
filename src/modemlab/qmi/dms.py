# SPDX-License-Identifier: GPL-3.0-or-later
"""DMS (0x02): who the device is and whether its radio is on."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from modemlab.modem.radio import FUNCTION_AIRPLANE, FUNCTION_FULL, FUNCTION_OFF
from modemlab.modem.sim import Sim, SimState
from modemlab.qmi import pin
from modemlab.qmi.codec import Request
from modemlab.qmi.errors import Code, QmiError
from modemlab.qmi.service import Reply, Service, message, required

if TYPE_CHECKING:
    from modemlab.modem.modem import Modem

ONLINE, LOW_POWER, OFFLINE, RESET, PERSISTENT_LOW_POWER = 0, 1, 3, 4, 6
FUNCTION_OF_MODE = {
    ONLINE: FUNCTION_FULL,
    LOW_POWER: FUNCTION_AIRPLANE,
    PERSISTENT_LOW_POWER: FUNCTION_AIRPLANE,
    OFFLINE: FUNCTION_OFF,
}
MODE_OF_FUNCTION = {FUNCTION_FULL: ONLINE, FUNCTION_AIRPLANE: LOW_POWER, FUNCTION_OFF: LOW_POWER}
RADIO_INTERFACES = bytes([4, 5, 8])  # GSM, UMTS, LTE
MAX_UP, MAX_DOWN = 50_000_000, 150_000_000  # bit/s of LTE category 4
BANDS = 0x380  # GSM 850/900/1800 bits of the QMI band mask
LTE_BANDS = 0x80800C5  # B1 B3 B7 B8 B20 B28, the EC25-EUX set
OPERATING_MODE_TLV = 0x14


class Dms(Service):
    number = 0x02
    version = (1, 14)
    accepted = frozenset({0x0000})

    def __init__(self, modem: Modem) -> None:
        super().__init__(modem)
        self.mode_listeners: set[int] = set()

    def release(self, client: int) -> None:
        super().release(client)
        self.mode_listeners.discard(client)

    @message(0x0001)
    def set_event_report(self, request: Request) -> Reply:
        wanted = request.tlvs.get(OPERATING_MODE_TLV)
        if wanted is not None:
            listeners = self.mode_listeners
            (listeners.add if wanted[:1] == b"\x01" else listeners.discard)(request.client)
        return []

    @message(0x0020)
    def get_capabilities(self, _request: Request) -> Reply:
        head = struct.pack("<IIBBB", MAX_UP, MAX_DOWN, 2, 2, len(RADIO_INTERFACES))
        return [(0x01, head + RADIO_INTERFACES)]

    @message(0x0021)
    def get_manufacturer(self, _request: Request) -> Reply:
        return [(0x01, b"QUALCOMM INCORPORATED")]

    @message(0x0022)
    def get_model(self, _request: Request) -> Reply:
        return [(0x01, b"QUECTEL Mobile Broadband Module")]

    @message(0x0023)
    def get_revision(self, _request: Request) -> Reply:
        return [(0x01, self.modem.spec.firmware.encode())]

    @message(0x0024)
    def get_msisdn(self, _request: Request) -> Reply:
        if self.modem.sim.state is not SimState.READY:
            raise QmiError(Code.NOT_PROVISIONED)
        return [(0x01, f"49151{self.modem.number:07d}".encode())]

    @message(0x0025)
    def get_ids(self, _request: Request) -> Reply:
        return [(0x10, b"0"), (0x11, self.modem.imei.encode()), (0x13, b"13")]

    @message(0x002B)
    def uim_get_pin_status(self, _request: Request) -> Reply:
        sim = self.modem.sim
        _require_card(sim)
        pin2 = bytes([3, 3, 10])  # PIN2 exists and is not asked for
        return [(0x11, bytes([pin.pin1_state(sim), sim.pin_tries, sim.puk_tries])), (0x12, pin2)]

    @message(0x002C)
    def get_hardware_revision(self, _request: Request) -> Reply:
        return [(0x01, b"10000")]

    @message(0x002D)
    def get_operating_mode(self, _request: Request) -> Reply:
        return [(0x01, bytes([MODE_OF_FUNCTION[self.modem.radio.function]]))]

    @message(0x002E)
    def set_operating_mode(self, request: Request) -> Reply:
        mode = required(request, 0x01)[0]
        if mode == RESET:
            self.modem.leave_soon(self.modem.reboot)
            return []
        if mode not in FUNCTION_OF_MODE:
            raise QmiError(Code.INVALID_ARGUMENT)
        self.modem.radio.set_function(FUNCTION_OF_MODE[mode])
        for client in sorted(self.mode_listeners):
            self.indicate(client, 0x0001, [(OPERATING_MODE_TLV, bytes([mode]))])
        return []

    @message(0x0028)
    def uim_verify_pin(self, request: Request) -> Reply:
        info = required(request, 0x01, 2)
        return pin.verify(self.modem.sim, info[0], info[2 : 2 + info[1]].decode("latin-1"))

    @message(0x0029)
    def uim_unblock_pin(self, request: Request) -> Reply:
        info = required(request, 0x01, 3)
        puk, rest = info[2 : 2 + info[1]], info[2 + info[1] :]
        new = rest[1 : 1 + rest[0]] if rest else b""
        return pin.unblock(self.modem.sim, info[0], puk.decode("latin-1"), new.decode("latin-1"))

    @message(0x003C)
    def uim_get_iccid(self, _request: Request) -> Reply:
        _require_card(self.modem.sim)
        return [(0x01, self.modem.iccid.encode())]

    @message(0x0040)
    def uim_get_ck_status(self, _request: Request) -> Reply:
        """Personalization locks: none is active, ten tries each."""
        return [(0x01, bytes([0, 10, 10]))]

    @message(0x0043)
    def uim_get_imsi(self, _request: Request) -> Reply:
        if self.modem.sim.state is not SimState.READY:
            raise QmiError(Code.UIM_UNINITIALIZED)
        return [(0x01, self.modem.imsi.encode())]

    @message(0x0045)
    def get_band_capabilities(self, _request: Request) -> Reply:
        return [(0x01, struct.pack("<Q", BANDS)), (0x10, struct.pack("<Q", LTE_BANDS))]


def _require_card(sim: Sim) -> None:
    if not sim.present:
        raise QmiError(Code.UIM_UNINITIALIZED)
