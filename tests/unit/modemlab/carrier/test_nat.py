# SPDX-License-Identifier: GPL-3.0-or-later
"""Incremental checksums against full recomputation, over many random packets."""

import random
import struct

import pytest

from modemlab.carrier.checksum import checksum
from modemlab.carrier.nat import ICMP, ICMPV6, TCP, UDP, Rewrite4, Rewrite6

LINE, WAN, SERVICE = bytes([100, 127, 0, 7]), bytes([10, 64, 7, 2]), bytes([203, 0, 113, 10])
ROUNDS = 400
SUM_AT = {TCP: 16, UDP: 6, ICMP: 2, ICMPV6: 2}


def ip4(source: bytes, target: bytes, protocol: int, payload: bytes, fragment: int = 0) -> bytes:
    """A correct IPv4 packet around a payload whose checksum field is filled in here."""
    if fragment == 0:
        pseudo = source + target + struct.pack(">BBH", 0, protocol, len(payload))
        payload = summed(payload, protocol, b"" if protocol == ICMP else pseudo)
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 7, fragment, 64, protocol, 0)
    head += source + target
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def ip6(source: bytes, target: bytes, protocol: int, payload: bytes) -> bytes:
    """A correct IPv6 packet."""
    pseudo = source + target + struct.pack(">II", len(payload), protocol)
    payload = summed(payload, protocol, pseudo)
    return struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64) + source + target + payload


def summed(payload: bytes, protocol: int, pseudo: bytes) -> bytes:
    at = SUM_AT[protocol]
    zeroed = payload[:at] + b"\0\0" + payload[at + 2 :]
    value = checksum(pseudo + zeroed)
    if protocol == UDP and value == 0:
        value = 0xFFFF
    return zeroed[:at] + struct.pack(">H", value) + zeroed[at + 2 :]


def noise(rng: random.Random, least: int) -> bytes:
    return rng.randbytes(rng.randint(least, 60))


@pytest.mark.parametrize("protocol", [TCP, UDP])
def test_uplink_equals_a_packet_built_with_the_line_address(protocol: int) -> None:
    rng = random.Random(protocol)  # noqa: S311 - repeatable test data
    for _ in range(ROUNDS):
        wan, line, service = rng.randbytes(4), rng.randbytes(4), rng.randbytes(4)
        payload = noise(rng, 20)
        packet = ip4(wan, service, protocol, payload)
        assert Rewrite4(wan, line, 12).apply(packet) == ip4(line, service, protocol, payload)


@pytest.mark.parametrize("protocol", [TCP, UDP])
def test_downlink_gives_back_the_very_packet(protocol: int) -> None:
    rng = random.Random(protocol + 100)  # noqa: S311 - repeatable test data
    for _ in range(ROUNDS):
        wan, line = rng.randbytes(4), rng.randbytes(4)
        packet = ip4(SERVICE, line, protocol, noise(rng, 20))
        there = Rewrite4(line, wan, 16).apply(packet)
        assert there[16:20] == wan
        assert Rewrite4(wan, line, 16).apply(bytes(there)) == packet


def test_a_udp_packet_without_checksum_stays_without() -> None:
    payload = struct.pack(">HHHH", 1000, 53, 12, 0) + b"abcd"
    packet = bytearray(ip4(WAN, SERVICE, UDP, payload))
    packet[26:28] = b"\0\0"
    assert Rewrite4(WAN, LINE, 12).apply(bytes(packet))[26:28] == b"\0\0"


def test_a_udp_sum_of_zero_is_sent_as_all_ones() -> None:
    target = struct.pack(">HHHH", 1, 2, 10, 0)
    for tail in range(0x10000):
        payload = target + struct.pack(">H", tail)
        translated = ip4(LINE, SERVICE, UDP, payload)
        if translated[26:28] == b"\xff\xff":
            packet = ip4(WAN, SERVICE, UDP, payload)
            assert Rewrite4(WAN, LINE, 12).apply(packet) == translated
            return
    pytest.fail("no payload has this sum: the search is wrong")


def test_a_later_fragment_has_only_its_ip_header_changed() -> None:
    body = bytes(range(40))
    packet = ip4(WAN, SERVICE, TCP, body, fragment=185)
    out = Rewrite4(WAN, LINE, 12).apply(packet)
    assert out == ip4(LINE, SERVICE, TCP, body, fragment=185)


def test_echo_request_is_untouched_behind_the_ip_header() -> None:
    payload = struct.pack(">BBHHH", 8, 0, 0, 5, 6) + b"ping"
    packet = ip4(WAN, SERVICE, ICMP, payload)
    assert Rewrite4(WAN, LINE, 12).apply(packet) == ip4(LINE, SERVICE, ICMP, payload)


def test_an_icmp_error_quotes_the_hosts_own_packet() -> None:
    def quoting(own: bytes) -> bytes:
        inner = ip4(own, SERVICE, UDP, struct.pack(">HHHH", 4000, 9, 8, 0))
        return inner[:26] + b"\0\0"  # a quoted transport sum is nobody's business

    packet = ip4(SERVICE, LINE, ICMP, bytes([3, 3, 0, 0, 0, 0, 0, 0]) + quoting(LINE))
    expected = ip4(SERVICE, WAN, ICMP, bytes([3, 3, 0, 0, 0, 0, 0, 0]) + quoting(WAN))
    assert Rewrite4(LINE, WAN, 16).apply(packet) == expected


@pytest.mark.parametrize("cut", [20, 21, 27, 29, 39])
def test_packets_cut_short_pass_without_an_error(cut: int) -> None:
    for protocol in (TCP, UDP, ICMP):
        packet = ip4(WAN, SERVICE, protocol, bytes(20))[:cut]
        assert len(Rewrite4(WAN, LINE, 12).apply(packet)) == cut


@pytest.mark.parametrize("protocol", [TCP, UDP, ICMPV6])
def test_ipv6_equals_a_packet_built_with_the_line_prefix(protocol: int) -> None:
    rng = random.Random(protocol)  # noqa: S311 - repeatable test data
    for _ in range(ROUNDS):
        own, line, host, service = (rng.randbytes(n) for n in (8, 8, 8, 16))
        payload = bytes([200]) + noise(rng, 20)
        packet = ip6(own + host, service, protocol, payload)
        translated = ip6(line + host, service, protocol, payload)
        assert Rewrite6(own, line, 8).apply(packet) == translated
        back = ip6(service, line + host, protocol, payload)
        expected = ip6(service, own + host, protocol, payload)
        assert Rewrite6(line, own, 24).apply(back) == expected


def test_an_icmpv6_error_quotes_the_hosts_own_packet() -> None:
    own, line, host, service = b"own-pref", b"line-pre", bytes(7) + b"\2", bytes(15) + b"\x10"

    def quoting(prefix: bytes) -> bytes:
        return ip6(prefix + host, service, UDP, struct.pack(">HHHH", 4000, 9, 8, 0))[:46]

    def error(prefix: bytes) -> bytes:
        payload = bytes([1, 4, 0, 0, 0, 0, 0, 0]) + quoting(prefix)
        return ip6(service, prefix + host, ICMPV6, payload)

    assert Rewrite6(line, own, 24).apply(error(line)) == error(own)
