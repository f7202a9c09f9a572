# SPDX-License-Identifier: GPL-3.0-or-later
"""One modem's line into the carrier: translation, source check and counters."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Interface
from typing import Any, Protocol

from modemlab.carrier.addresses import line_v4, line_v6
from modemlab.carrier.counters import LineCounters, bump
from modemlab.carrier.nat import Rewrite4, Rewrite6

_LINK_LOCAL_V6 = 0xFE80  # fe80::/10, RFC 4291


class WanLike(Protocol):
    """IPv4 settings of a bearer."""

    @property
    def address(self) -> str: ...


class ModemLike(Protocol):
    """What the carrier needs of a modem."""

    uplink: Callable[[bytes], None] | None

    @property
    def number(self) -> int: ...
    @property
    def wan(self) -> WanLike: ...
    @property
    def ipv6(self) -> Any: ...
    @property
    def connected(self) -> bool: ...
    def downlink(self, packet: bytes) -> None: ...


class Line:
    """Between `modem` and the carrier. `send` puts a packet into the carrier's network.

    The modem's addresses are read again whenever its `wan` or `ipv6` attribute is another object,
    so an address change by the carrier needs no call here.
    """

    def __init__(self, modem: ModemLike, send: Callable[[bytearray], bool]) -> None:
        self.modem = modem
        self.counters = LineCounters()
        self._send = send
        self._line4 = line_v4(modem.number)
        self._line6 = line_v6(modem.number)
        self._read_v4()
        self._read_v6()

    def _read_v4(self) -> None:
        self._wan = self.modem.wan
        self._own4 = IPv4Address(self._wan.address).packed
        self._up4 = Rewrite4(self._own4, self._line4, 12)
        self._down4 = Rewrite4(self._line4, self._own4, 16)

    def _read_v6(self) -> None:
        self._ipv6 = self.modem.ipv6
        self._own6 = prefix_of(self._ipv6)
        if self._own6 is not None:
            self._up6 = Rewrite6(self._own6, self._line6, 8)
            self._down6 = Rewrite6(self._line6, self._own6, 24)

    @property
    def wan_address(self) -> str:
        """The modem's present IPv4 address."""
        return self.modem.wan.address

    def wan_v6(self, line_address: str) -> str:
        """The host's IPv6 address behind an address of this line."""
        own = self._own6 or self._line6
        return str(IPv6Address(own + IPv6Address(line_address).packed[8:]))

    def uplink(self, packet: bytes) -> None:
        """A raw IP packet of the host: translate it into the carrier, or count why not."""
        if self.modem.wan is not self._wan:
            self._read_v4()
        version = packet[0] >> 4 if packet else 0
        if version == 4 and len(packet) >= 20:
            if packet[12:16] != self._own4:
                self._wrong4(packet[12:16])
                return
            self._forward(self._up4.apply(packet))
        elif version == 6 and len(packet) >= 40:
            self._uplink6(packet)
        else:
            bump(self.counters.wrong_source, "not an IP packet")

    def downlink(self, packet: bytes) -> None:
        """A packet of the carrier to this line: translate it and give it to the modem."""
        if packet[0] >> 4 == 4:
            if not self.modem.connected:
                self.counters.not_connected += 1
                return
            if self.modem.wan is not self._wan:
                self._read_v4()
            out = self._down4.apply(packet)
        else:
            if self.modem.ipv6 is not self._ipv6:
                self._read_v6()
            if self._own6 is None:
                self.counters.not_connected += 1
                return
            out = self._down6.apply(packet)
        self.counters.down(len(out))
        self.modem.downlink(bytes(out))

    def _uplink6(self, packet: bytes) -> None:
        if self.modem.ipv6 is not self._ipv6:
            self._read_v6()
        source = packet[8:24]
        if self._own6 is not None and source[:8] == self._own6:
            self._forward(self._up6.apply(packet))
        elif (source[0] << 8 | source[1]) & 0xFFC0 == _LINK_LOCAL_V6 or not any(source):
            self.counters.local += 1
        else:
            bump(self.counters.wrong_source, str(IPv6Address(source)))

    def _wrong4(self, source: bytes) -> None:
        if any(source):
            bump(self.counters.wrong_source, str(IPv4Address(source)))
        else:
            self.counters.local += 1

    def _forward(self, packet: bytearray) -> None:
        self.counters.up(len(packet))
        if not self._send(packet):
            self.counters.lost += 1


def prefix_of(ipv6: Any) -> bytes | None:
    """First eight bytes of an IPv6 address given as text, with or without a prefix length.

    None when there is none. Objects with an `address` attribute are taken by that.
    Raises ValueError for text that is no IPv6 address.
    """
    text = getattr(ipv6, "address", ipv6)
    return IPv6Interface(str(text)).packed[:8] if text else None
