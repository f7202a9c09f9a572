# SPDX-License-Identifier: GPL-3.0-or-later
import struct
from ipaddress import IPv4Network, ip_address

import pytest

from modemlab.carrier.sniffer import LeakCounter, lan_filter

LAN = IPv4Network("192.168.1.0/24")
WAN = "10.64.3.2"


def packet(source: str, target: str) -> bytes:
    ends = ip_address(source).packed + ip_address(target).packed
    return (bytes([0x45]) + bytes(11) if len(ends) == 8 else bytes([0x60]) + bytes(7)) + ends


@pytest.fixture
def leaks() -> LeakCounter:
    counter = LeakCounter(lambda address: address == WAN)
    counter._network = LAN
    return counter


@pytest.mark.parametrize(
    ("source", "target", "where", "key", "leak"),
    [
        ("192.168.1.100", "203.0.113.10", "trapped", "192.168.1.100 > 203.0.113.10", 1),
        ("192.168.1.100", "203.0.113.53", "trapped", "192.168.1.100 > 203.0.113.53", 1),
        ("192.168.1.100", "198.51.100.1", "elsewhere", "198.51.100.1", 0),
        (WAN, "198.51.100.1", "wan_source", WAN, 1),
        (WAN, "192.168.1.50", "wan_source", WAN, 1),
        ("10.64.9.9", "198.51.100.1", "foreign_source", "10.64.9.9", 1),
        ("fd6d::100", "2001:db8:53::10", "trapped", "fd6d::100 > 2001:db8:53::10", 1),
        ("fd6d::100", "2001:db8:9::1", "elsewhere", "2001:db8:9::1", 0),
        ("2001:db8:64::2", "2001:db8:9::1", "foreign_source", "2001:db8:64::2", 1),
    ],
)
def test_a_packet_is_counted_by_what_it_is(
    leaks: LeakCounter, source: str, target: str, where: str, key: str, leak: int
) -> None:
    leaks.count(packet(source, target))
    counted = leaks.as_dict()
    assert counted[where] == {key: 1}
    assert counted["leaks"] == leak


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("0.0.0.0", "255.255.255.255"),
        ("192.168.1.100", "224.0.0.22"),
        ("fe80::1", "ff02::2"),
        ("::", "ff02::16"),
        ("fe80::1", "fd6d::1"),
    ],
)
def test_the_lans_own_noise_is_not_counted(leaks: LeakCounter, source: str, target: str) -> None:
    leaks.count(packet(source, target))
    counted = leaks.as_dict()
    assert counted["leaks"] == 0
    assert counted["elsewhere"] == {}


def test_a_wan_address_to_a_service_counts_on_both_sides(leaks: LeakCounter) -> None:
    leaks.count(packet(WAN, "203.0.113.10"))
    assert leaks.as_dict()["wan_source"] == {WAN: 1}
    assert leaks.as_dict()["trapped"] == {f"{WAN} > 203.0.113.10": 1}


@pytest.mark.parametrize("data", [b"", b"\x45", bytes(40), b"\x60" + bytes(38)])
def test_short_packets_are_passed_over(leaks: LeakCounter, data: bytes) -> None:
    leaks.count(data)
    assert leaks.as_dict()["leaks"] == 0


def run_filter(program: bytes, data: bytes) -> int:
    """Interpret the four BPF instructions the filter uses."""
    lines = list(struct.iter_unpack("=HBBI", program))
    accumulator = at = 0
    while True:
        code, yes, no, value = lines[at]
        if code == 0x06:
            return int(value)
        if code == 0x20:
            accumulator = int.from_bytes(data[value : value + 4], "big")
        elif code == 0x54:
            accumulator &= value
        else:
            at += yes if accumulator == value else no
        at += 1


@pytest.mark.parametrize(
    ("source", "target", "passes"),
    [
        ("192.168.1.100", "192.168.1.50", False),
        ("192.168.1.50", "192.168.1.100", False),
        ("192.168.1.100", "203.0.113.10", True),
        (WAN, "192.168.1.50", True),
        (WAN, "203.0.113.10", True),
        ("192.168.2.100", "192.168.1.50", True),
    ],
)
def test_the_kernels_filter_drops_only_lan_traffic(source: str, target: str, passes: bool) -> None:
    assert (run_filter(lan_filter(LAN), packet(source, target)) > 0) is passes
