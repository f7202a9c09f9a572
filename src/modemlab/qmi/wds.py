# SPDX-License-Identifier: GPL-3.0-or-later
"""WDS (0x01): data sessions, their settings and their statistics."""

from __future__ import annotations

import ipaddress
import struct
from typing import TYPE_CHECKING

from modemlab.modem.errors import NoSuchSessionError
from modemlab.qmi.codec import Request, Tlv
from modemlab.qmi.errors import Code, QmiError
from modemlab.qmi.service import Reply, Service, message, required

if TYPE_CHECKING:
    from modemlab.modem.bearers import Session
    from modemlab.modem.modem import Modem

CONNECTED, DISCONNECTED = 2, 1
PROFILE_3GPP, PROFILE_INDEX = 0, 1
PDP_IPV4, PDP_IPV6, PDP_IPV4V6 = 0, 2, 3
REASON_NO_SERVICE = 3  # call end reasons of libqmi's generic table
REASON_UNSPECIFIED = 1
TYPE_INTERNAL, INTERNAL_ERROR = 2, 201
TYPE_3GPP, IPV4_ONLY_ALLOWED = 6, 50  # 3GPP TS 24.008 cause 50
RADIO_LTE = struct.pack("<BII", 2, 0x20, 0)  # 3GPP, RAT mask LTE


class Wds(Service):
    number = 0x01
    version = (1, 67)
    # reset, abort, event report, indication register, modify profile, bind (mux) data port
    accepted = frozenset({0x0000, 0x0001, 0x0003, 0x0028, 0x0089, 0x00A2})

    def __init__(self, modem: Modem) -> None:
        super().__init__(modem)
        self.family: dict[int, int] = {}

    def release(self, client: int) -> None:
        super().release(client)
        self.family.pop(client, None)
        self.modem.bearers.stop_client(client)

    def bearer_changed(self, session: Session, up: bool) -> None:
        """Packet service status to the client whose session it is."""
        if session.client not in self.clients:
            return
        tlvs: Reply = [(0x01, bytes([CONNECTED if up else DISCONNECTED, 0]))]
        if not up:
            tlvs.append((0x10, struct.pack("<H", REASON_UNSPECIFIED)))
            tlvs.append((0x11, struct.pack("<Hh", TYPE_INTERNAL, INTERNAL_ERROR)))
        tlvs.append((0x12, bytes([session.family])))
        self.indicate(session.client, 0x0022, tlvs)

    @message(0x0020)
    def start_network(self, request: Request) -> Reply:
        preference = request.tlvs.get(0x19, b"")
        family = preference[0] if preference else self.family.get(request.client, 4)
        apn = request.tlvs.get(0x14, b"").decode("utf-8", "replace")
        if not self.modem.radio.registration.registered:
            raise QmiError(Code.CALL_FAILED, ((0x10, struct.pack("<H", REASON_NO_SERVICE)),))
        if family == 6 and self.modem.ipv6 is None:
            verbose = struct.pack("<Hh", TYPE_3GPP, IPV4_ONLY_ALLOWED)
            end = struct.pack("<H", REASON_UNSPECIFIED)
            raise QmiError(Code.CALL_FAILED, ((0x10, end), (0x11, verbose)))
        running = self.modem.bearers.of_client(request.client)
        if running is not None and running.family == family:
            raise QmiError(Code.NO_EFFECT, ((0x01, struct.pack("<I", running.handle)),))
        session = self.modem.start_session(request.client, 6 if family == 6 else 4, apn)
        return [(0x01, struct.pack("<I", session.handle))]

    @message(0x0021)
    def stop_network(self, request: Request) -> Reply:
        (handle,) = struct.unpack_from("<I", required(request, 0x01, 4))
        try:
            self.modem.bearers.stop(handle)
        except NoSuchSessionError:
            raise QmiError(Code.INVALID_HANDLE) from None
        return []

    @message(0x0022)
    def get_packet_service_status(self, request: Request) -> Reply:
        # A client without a session of its own sees the modem's, as one shared call does.
        mine = self.modem.bearers.of_client(request.client)
        up = mine is not None or self.modem.connected
        return [(0x01, bytes([CONNECTED if up else DISCONNECTED]))]

    @message(0x0023)
    def get_channel_rates(self, _request: Request) -> Reply:
        self._require_call()
        rates = (50_000_000, 150_000_000)
        return [(0x01, struct.pack("<IIII", *rates, *rates))]

    @message(0x0024)
    def get_packet_statistics(self, request: Request) -> Reply:
        (mask,) = struct.unpack_from("<I", required(request, 0x01, 4))
        c = self.modem.call_counters
        if not self.modem.connected:  # the bytes of the last call come with the error
            last = (struct.pack("<Q", c.up_bytes), struct.pack("<Q", c.down_bytes))
            raise QmiError(Code.OUT_OF_CALL, ((0x1B, last[0]), (0x1C, last[1])))
        values = (
            (0x10, "<I", c.up_packets), (0x11, "<I", c.down_packets),
            (0x12, "<I", 0), (0x13, "<I", 0), (0x14, "<I", 0), (0x15, "<I", 0),
            (0x19, "<Q", c.up_bytes), (0x1A, "<Q", c.down_bytes),
            (0x1D, "<I", c.lost_packets), (0x1E, "<I", 0),
        )  # fmt: skip
        return [
            (kind, struct.pack(form, value & (0xFFFFFFFF if form == "<I" else -1)))
            for bit, (kind, form, value) in enumerate(values)
            if mask >> bit & 1
        ]

    @message(0x002A)
    def get_profile_list(self, _request: Request) -> Reply:
        return [(0x01, bytes([1, PROFILE_3GPP, PROFILE_INDEX, 0]))]

    @message(0x002B)
    def get_profile_settings(self, _request: Request) -> Reply:
        return self._profile()

    @message(0x002C)
    def get_default_settings(self, _request: Request) -> Reply:
        return self._profile()

    @message(0x002D)
    def get_current_settings(self, request: Request) -> Reply:
        session = self.modem.bearers.of_client(request.client)
        family = session.family if session else 4
        if session is None:
            self._require_call()
        head: Reply = [(0x11, bytes([self._pdp_type()])), (0x14, self.modem.apn.encode())]
        tail: Reply = [(0x29, struct.pack("<I", self.modem.wan.mtu)), (0x2B, bytes([family]))]
        return head + (self._settings6() if family == 6 else self._settings4()) + tail

    @message(0x0034)
    def get_autoconnect_settings(self, _request: Request) -> Reply:
        return [(0x01, b"\x00"), (0x10, b"\x00")]  # disabled

    @message(0x0044)
    def get_current_data_bearer_technology(self, _request: Request) -> Reply:
        self._require_call()
        return [(0x01, RADIO_LTE)]

    @message(0x004D)
    def set_ip_family(self, request: Request) -> Reply:
        self.family[request.client] = required(request, 0x01)[0]
        return []

    @message(0x0085)
    def get_lte_attach_parameters(self, _request: Request) -> Reply:
        attached = self.modem.radio.registration.registered
        if not attached:
            raise QmiError(Code.INFORMATION_UNAVAILABLE)
        support = 2 if self.modem.ipv6 else 0  # QmiWdsIpSupportType: IPv4, IPv6, both
        return [(0x10, self.modem.apn.encode()), (0x11, bytes([support])), (0x12, b"\x01")]

    @message(0x0094)
    def get_lte_attach_pdn_list(self, _request: Request) -> Reply:
        profiles = struct.pack("<BH", 1, PROFILE_INDEX)
        return [(0x10, profiles), (0x11, b"\x00")]

    def _require_call(self) -> None:
        if not self.modem.connected:
            raise QmiError(Code.OUT_OF_CALL)

    def _pdp_type(self) -> int:
        return PDP_IPV4V6 if self.modem.ipv6 else PDP_IPV4

    def _profile(self) -> Reply:
        apn = self.modem.apn.encode()
        return [(0x10, b""), (0x11, bytes([self._pdp_type()])), (0x14, apn),
                (0x1B, b""), (0x1C, b""), (0x1D, b"\x00")]  # fmt: skip

    def _settings4(self) -> Reply:
        wan = self.modem.wan
        tlvs = [(0x1E, _ipv4(wan.address)), (0x20, _ipv4(wan.gateway)), (0x21, _ipv4(wan.netmask))]
        servers = [server for server in self.modem.dns if ":" not in server]
        kinds = (0x15, 0x16)
        return [*((k, _ipv4(s)) for k, s in zip(kinds, servers, strict=False)), *tlvs]

    def _settings6(self) -> Reply:
        wan = self.modem.ipv6
        if wan is None:
            raise QmiError(Code.OUT_OF_CALL)
        prefix = bytes([wan.prefix])
        tlvs: list[Tlv] = [(0x25, _ipv6(wan.address) + prefix), (0x26, _ipv6(wan.gateway) + prefix)]
        return tlvs + [(k, _ipv6(s)) for k, s in zip((0x27, 0x28), wan.dns, strict=False)]


def _ipv4(text: str) -> bytes:
    """QMI keeps IPv4 addresses as little-endian integers."""
    return ipaddress.IPv4Address(text).packed[::-1]


def _ipv6(text: str) -> bytes:
    """QMI keeps IPv6 addresses in network order."""
    return ipaddress.IPv6Address(text).packed
