# SPDX-License-Identifier: GPL-3.0-or-later
import socket
import struct
from collections.abc import Callable

import pytest

from modemlab.carrier.addresses import line_v4, line_v6
from modemlab.carrier.counters import SOURCES_KEPT
from modemlab.carrier.line import Line, prefix_of
from modemlab.modem.spec import Wan, Wan6


class FakeModem:
    """As much of a modem as a line sees."""

    def __init__(self, number: int = 3) -> None:
        self.number = number
        self.wan = Wan("10.64.3.2", "10.64.3.1", 30)
        self.ipv6: Wan6 | None = None
        self.connected = True
        self.uplink: Callable[[bytes], None] | None = None
        self.received: list[bytes] = []

    def downlink(self, packet: bytes) -> None:
        self.received.append(packet)


def v4(source: str, target: str) -> bytes:
    ends = socket.inet_aton(source) + socket.inet_aton(target)
    return struct.pack(">BBHHHBBH", 0x45, 0, 20, 0, 0, 64, 253, 0) + ends


def v6(source: str, target: str) -> bytes:
    ends = b"".join(socket.inet_pton(socket.AF_INET6, a) for a in (source, target))
    return struct.pack(">IHBB", 6 << 28, 0, 59, 64) + ends


@pytest.fixture
def modem() -> FakeModem:
    return FakeModem()


@pytest.fixture
def sent() -> list[bytes]:
    return []


@pytest.fixture
def line(modem: FakeModem, sent: list[bytes]) -> Line:
    def send(packet: bytearray) -> bool:
        sent.append(bytes(packet))
        return True

    return Line(modem, send)


def test_own_source_becomes_the_line_address(line: Line, sent: list[bytes]) -> None:
    line.uplink(v4("10.64.3.2", "203.0.113.10"))
    assert sent[0][12:16] == line_v4(3)
    assert (line.counters.packets_up, line.counters.bytes_up) == (1, 20)
    assert line.counters.last_seen is not None


def test_a_wrong_source_is_dropped_and_counted_by_address(line: Line, sent: list[bytes]) -> None:
    for source in ("10.64.4.2", "10.64.4.2", "192.168.1.100"):
        line.uplink(v4(source, "203.0.113.10"))
    assert sent == []
    assert line.counters.wrong_source == {"10.64.4.2": 2, "192.168.1.100": 1}
    assert line.counters.packets_up == 0


def test_wrong_sources_do_not_grow_without_bound(line: Line) -> None:
    for number in range(1000):
        line.uplink(v4(f"10.99.{number // 250}.{number % 250}", "203.0.113.10"))
    assert len(line.counters.wrong_source) == SOURCES_KEPT + 1
    assert line.counters.wrong_source.total() == 1000


@pytest.mark.parametrize("packet", [b"", b"\x45", bytes(40), b"\x60" + bytes(38)])
def test_garbage_is_counted_and_never_sent(packet: bytes, line: Line, sent: list[bytes]) -> None:
    line.uplink(packet)
    assert sent == []
    assert line.counters.wrong_source == {"not an IP packet": 1}


def test_a_changed_address_counts_at_once(line: Line, modem: FakeModem, sent: list[bytes]) -> None:
    modem.wan = Wan("10.99.0.7", "10.99.0.1", 24)
    line.uplink(v4("10.64.3.2", "203.0.113.10"))
    line.uplink(v4("10.99.0.7", "203.0.113.10"))
    line.downlink(v4("203.0.113.10", socket.inet_ntoa(line_v4(3))))
    assert line.counters.wrong_source == {"10.64.3.2": 1}
    assert len(sent) == 1
    assert modem.received[0][16:20] == socket.inet_aton("10.99.0.7")
    assert line.wan_address == "10.99.0.7"


def test_nothing_reaches_a_modem_without_bearer(line: Line, modem: FakeModem) -> None:
    modem.connected = False
    line.downlink(v4("203.0.113.10", socket.inet_ntoa(line_v4(3))))
    assert modem.received == []
    assert (line.counters.not_connected, line.counters.packets_down) == (1, 0)


def test_a_packet_the_device_refuses_is_lost(modem: FakeModem) -> None:
    line = Line(modem, lambda packet: False)
    line.uplink(v4("10.64.3.2", "203.0.113.10"))
    assert line.counters.lost == 1


def test_ipv6_any_host_of_the_prefix_passes(
    line: Line, modem: FakeModem, sent: list[bytes]
) -> None:
    modem.ipv6 = Wan6("2001:db8:64:3::2", "2001:db8:64:3::1")
    line.uplink(v6("2001:db8:64:3::beef", "2001:db8:53::10"))
    line.uplink(v6("2001:db8:64:4::2", "2001:db8:53::10"))
    assert sent[0][8:24] == line_v6(3) + bytes(6) + b"\xbe\xef"
    assert line.counters.wrong_source == {"2001:db8:64:4::2": 1}
    assert line.wan_v6(socket.inet_ntop(socket.AF_INET6, sent[0][8:24])) == "2001:db8:64:3::beef"


def test_link_local_noise_is_no_leak(line: Line, sent: list[bytes]) -> None:
    line.uplink(v6("fe80::1", "ff02::2"))
    line.uplink(v6("::", "ff02::16"))
    line.uplink(v4("0.0.0.0", "255.255.255.255"))
    assert sent == []
    assert line.counters.local == 3
    assert line.counters.wrong_source == {}


def test_ipv6_of_a_modem_without_ipv6_is_a_wrong_source(line: Line) -> None:
    line.uplink(v6("2001:db8:64:3::2", "2001:db8:53::10"))
    assert line.counters.wrong_source == {"2001:db8:64:3::2": 1}


@pytest.mark.parametrize(
    "ipv6", ["2001:db8:1:2::5", "2001:db8:1:2::5/64", Wan6("2001:db8:1:2::5", "2001:db8:1:2::1")]
)
def test_prefix_of(ipv6: object) -> None:
    assert prefix_of(ipv6) == bytes.fromhex("20010db800010002")
