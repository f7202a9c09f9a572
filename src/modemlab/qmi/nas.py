# SPDX-License-Identifier: GPL-3.0-or-later
"""NAS (0x03): registration, operator and signal."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from modemlab.modem.radio import Registration
from modemlab.modem.sim import SimState
from modemlab.qmi import scan
from modemlab.qmi.codec import Request
from modemlab.qmi.dms import BANDS, LTE_BANDS
from modemlab.qmi.errors import Code, QmiError
from modemlab.qmi.service import Pending, Reply, Service, message

if TYPE_CHECKING:
    from modemlab.modem.modem import Modem

LTE_INTERFACE = 8
LTE_CAPABILITY = 11
MODE_PREFERENCE = 0x1C  # GSM, UMTS, LTE bits
ACQUISITION_ORDER = bytes([LTE_INTERFACE, 5, 4])
TAC = 4660
LTE_BAND_3, CHANNEL = 122, 1300  # QMI active band class 122 is E-UTRAN 3; EARFCN 1300 lies in it
UCS2 = 4  # network description encodings: 4 is UCS-2 little-endian
SERVING_EVENTS_TLV, SYSTEM_EVENTS_TLV = 0x13, 0x18
REGISTRATION_STATE = {
    Registration.OFF: 0,
    Registration.HOME: 1,
    Registration.ROAMING: 1,
    Registration.SEARCHING: 2,
    Registration.DENIED: 3,
}
SERVICE_NONE, SERVICE_LIMITED, SERVICE_AVAILABLE = 0, 1, 2
DOMAIN_NONE, DOMAIN_CS_PS = 0, 3


class Nas(Service):
    number = 0x03
    version = (1, 25)
    # reset, abort, event report, register, attach, system selection, signal thresholds v1 and v2
    accepted = frozenset({0x0000, 0x0001, 0x0002, 0x0022, 0x0023, 0x0033, 0x0050, 0x006C})

    def __init__(self, modem: Modem) -> None:
        super().__init__(modem)
        self.serving_listeners: set[int] = set()
        self.system_listeners: set[int] = set()

    def release(self, client: int) -> None:
        super().release(client)
        self.serving_listeners.discard(client)
        self.system_listeners.discard(client)

    def registration_changed(self) -> None:
        """Tell those who registered for it."""
        for client in sorted(self.serving_listeners):
            self.indicate(client, 0x0024, self._serving_system(indication=True))
        for client in sorted(self.system_listeners):
            self.indicate(client, 0x004E, self._system_info())

    @message(0x0003)
    def register_indications(self, request: Request) -> Reply:
        for kind, listeners in ((SERVING_EVENTS_TLV, self.serving_listeners),
                                (SYSTEM_EVENTS_TLV, self.system_listeners)):  # fmt: skip
            if kind in request.tlvs:
                on = request.tlvs[kind][:1] == b"\x01"
                (listeners.add if on else listeners.discard)(request.client)
        return []

    @message(0x0020)
    def get_signal_strength(self, _request: Request) -> Reply:
        return [(0x01, struct.pack("<bb", self.modem.signal.rssi, LTE_INTERFACE))]

    @message(0x0021)
    def network_scan(self, _request: Request) -> Pending:
        """The networks in reach when the scan is over."""
        pending = Pending()
        seconds = self.modem.spec.scan_seconds
        self.modem.clock.later(seconds, lambda: pending.answer(scan.result(self.modem)))
        return pending

    @message(0x0024)
    def get_serving_system(self, _request: Request) -> Reply:
        return self._serving_system(indication=False)

    @message(0x0025)
    def get_home_network(self, _request: Request) -> Reply:
        if self.modem.sim.state is not SimState.READY:
            raise QmiError(Code.NOT_PROVISIONED)
        return [(0x01, self._plmn())]

    @message(0x0026)
    def get_preferred_networks(self, _request: Request) -> Reply:
        return [(0x10, struct.pack("<H", 0))]

    @message(0x002B)
    def get_technology_preference(self, _request: Request) -> Reply:
        return [(0x01, struct.pack("<HB", 0, 0)), (0x10, struct.pack("<H", 0))]  # automatic

    @message(0x0031)
    def get_rf_band(self, _request: Request) -> Reply:
        if not self.modem.radio.registration.registered:
            raise QmiError(Code.INFORMATION_UNAVAILABLE)
        return [(0x01, struct.pack("<BBHH", 1, LTE_INTERFACE, LTE_BAND_3, CHANNEL))]

    @message(0x0034)
    def get_system_selection_preference(self, _request: Request) -> Reply:
        return [
            (0x10, b"\x00"),
            (0x11, struct.pack("<H", MODE_PREFERENCE)),
            (0x12, struct.pack("<Q", BANDS)),
            (0x14, b"\xff\x00"),  # roam anywhere
            (0x15, struct.pack("<Q", LTE_BANDS)),
            (0x16, b"\x00"),  # automatic network selection
            (0x18, struct.pack("<I", 2)),  # CS and PS
            (0x19, struct.pack("<I", 0)),
            (0x1C, bytes([len(ACQUISITION_ORDER)]) + ACQUISITION_ORDER),
        ]

    @message(0x0044)
    def get_plmn_name(self, _request: Request) -> Reply:
        """The operator name: ModemManager shows the first of service, long and short name."""
        name = _name(self.modem.operator.name)
        short = _name(self.modem.operator.short)
        head = bytes([UCS2, 0, 0])  # encoding, country initials, spare bits
        return [(0x10, bytes([UCS2]) + name + head + short + head + name)]

    @message(0x004D)
    def get_system_info(self, _request: Request) -> Reply:
        return self._system_info()

    @message(0x004F)
    def get_signal_info(self, _request: Request) -> Reply:
        if not self.modem.radio.registration.registered:
            return []  # no technology, no reading
        signal = self.modem.signal
        values = (signal.rssi, signal.rsrq, signal.rsrp, signal.snr)
        return [(0x14, struct.pack("<bbhh", *values))]

    def _plmn(self) -> bytes:
        operator = self.modem.operator
        name = operator.name.encode()
        return struct.pack("<HHB", int(operator.mcc), int(operator.mnc), len(name)) + name

    def _cell(self) -> int:
        return 0x1A2D001 + self.modem.number

    def _serving_system(self, *, indication: bool) -> Reply:
        """TLVs of message and indication 0x0024; from 0x1C on their types differ by one."""
        registration = self.modem.radio.registration
        state = REGISTRATION_STATE[registration]
        if not registration.registered:
            return [(0x01, bytes([state, 2, 2, 2, 0]))]  # detached, 3GPP, no radio interface
        roaming = registration is Registration.ROAMING
        shift = 1 if indication else 0
        return [
            (0x01, bytes([state, 1, 1, 2, 1, LTE_INTERFACE])),
            (0x10, b"\x00" if roaming else b"\x01"),
            (0x11, bytes([1, LTE_CAPABILITY])),
            (0x12, self._plmn()),
            (0x1C + shift, b"\xfe\xff"),  # no LAC on LTE
            (0x1D + shift, struct.pack("<I", self._cell())),
            (0x21 + shift, bytes([SERVICE_AVAILABLE, DOMAIN_CS_PS, 0, 0, 0])),
            (0x24 + shift, struct.pack("<H", TAC)),
        ]

    def _system_info(self) -> Reply:
        """TLVs of message 0x004D and indication 0x004E: GSM and UMTS absent, LTE as it is."""
        registration = self.modem.radio.registration
        none = bytes([SERVICE_NONE, SERVICE_NONE, 0])
        if registration is Registration.OFF:
            return [(0x12, none), (0x13, none), (0x14, none)]
        status = SERVICE_AVAILABLE if registration.registered else SERVICE_LIMITED
        lte = bytes([status, status, 1 if registration.registered else 0])
        return [(0x12, none), (0x13, none), (0x14, lte), (0x19, self._lte_info(registration))]

    def _lte_info(self, registration: Registration) -> bytes:
        registered = registration.registered
        denied = registration is Registration.DENIED
        domain = DOMAIN_CS_PS if registered or denied else DOMAIN_NONE
        valid = 1 if registered else 0
        operator = self.modem.operator
        mnc = operator.mnc.encode().ljust(3, b"\xff")
        return b"".join(
            (
                bytes([1, domain, 1, domain]),
                bytes([valid, registration is Registration.ROAMING]),
                bytes([1, denied]),
                struct.pack("<BH", 0, 0),  # no LAC on LTE
                struct.pack("<BI", valid, self._cell()),
                bytes([denied, DOMAIN_CS_PS, 17 if denied else 0]),  # 17: network failure
                bytes([valid]) + operator.mcc.encode() + mnc,
                struct.pack("<BH", valid, TAC),
            )
        )


def _name(text: str) -> bytes:
    """A length-prefixed UCS-2 name."""
    raw = text.encode("utf-16-le")
    return bytes([len(raw)]) + raw
