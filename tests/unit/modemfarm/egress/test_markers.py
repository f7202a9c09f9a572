# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets that are ours, and those that only look like it."""

import socket
import struct
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemfarm.egress import markers

TOKEN = "0a1b2c3d"
OURS = struct.pack(">2H", 40000, markers.port(TOKEN))
EARLIER = struct.pack(">2H", 40000, markers.port("0a1b2c3e"))


def packet(target, protocol, body=b"", options=0):
    address = ip_address(target)
    if address.version == 6:
        head = struct.pack(">IHBB", 6 << 28, len(body), protocol, 64)
        return head + bytes(16) + address.packed + body
    head = struct.pack(">BBHHHBBH", 0x45 + options, 0, 20 + len(body), 0, 0, 64, protocol, 0)
    return head + bytes(4) + address.packed + bytes(4 * options) + body


def question(name, port=53):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    data = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"
    return struct.pack(">4H", 40000, port, 8 + len(data), 0) + data


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (packet("198.51.100.7", 6, OURS), (7, "tcp")),
        (packet("198.51.100.120", 17, OURS), (120, "udp")),
        (packet("198.51.100.7", 6, EARLIER), None),
        (packet("2001:db8:6d66::9", 6, EARLIER), None),
        (packet("198.51.100.7", 6), None),
        (packet("198.51.100.0", 6, OURS), None),
        (packet("198.51.101.7", 6, OURS), None),
        (packet("198.51.100.7", 1, OURS), None),
        (packet("2001:db8:6d66::9", 6, OURS), (9, "ipv6")),
        (packet("2001:db8:6d66::", 6, OURS), None),
        (packet("2001:db8:6d67::9", 6, OURS), None),
        (packet("9.9.9.9", 17, question(f"egress-{TOKEN}-3.example.com")), (3, "dns")),
        (packet("9.9.9.9", 17, question(f"egress-{TOKEN}-12.x"), options=2), (12, "dns")),
        (packet("2620:fe::fe", 17, question(f"egress-{TOKEN}-3.example.com")), (3, "dns")),
        (packet("9.9.9.9", 17, question("egress-ffffffff-3.example.com")), None),
        (packet("9.9.9.9", 17, question(f"egress-{TOKEN}-x.example.com")), None),
        (packet("9.9.9.9", 17, question(f"egress-{TOKEN}-3.example.com", port=54)), None),
        (packet("9.9.9.9", 6, question(f"egress-{TOKEN}-3.example.com")), None),
    ],
)
def test_markers(data, found):
    assert markers.recognise(data, TOKEN) == found


@given(st.binary(max_size=120))
def test_no_packet_breaks_it(data):
    markers.recognise(data, TOKEN)


@given(st.integers(1, 120))
def test_targets_are_recognised(slot):
    four, six = markers.target(slot), markers.target_6(slot)
    assert markers.recognise(packet(str(four), socket.IPPROTO_TCP, OURS), TOKEN) == (slot, "tcp")
    assert markers.recognise(packet(str(six), socket.IPPROTO_TCP, OURS), TOKEN) == (slot, "ipv6")
