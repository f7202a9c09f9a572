# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks ports of the host from a carrier's side, in frames of our own making: nothing to resolve.

What the host answers is on its wires (wire.py).
"""

import socket
import struct
from ipaddress import ip_address

SYN, PUSH = 0x02, 0x18
SOURCE_PORT = 40123


def _sum(data):
    """The sum of 16-bit words with the carries folded in (RFC 1071), not yet inverted."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total >> 16) + (total & 0xFFFF)
    return total


def _check(total):
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def _head(source, target, protocol, length):
    """Type of the frame and IP header."""
    if source.version == 6:
        head = struct.pack(">IHBB", 6 << 28, length, protocol, 64)
        return b"\x86\xdd" + head + source.packed + target.packed
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + length, 1, 0, 64, protocol, 0)
    head += source.packed + target.packed
    return b"\x08\x00" + head[:10] + struct.pack(">H", _check(_sum(head))) + head[12:]


class Scanner:
    """Sends from `device` in the present network namespace to the host's card `mac`."""

    def __init__(self, device, mac):
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self._socket.bind((device, 0))
        self._head = bytes.fromhex(mac.replace(":", "")) + self._socket.getsockname()[4]

    def tcp(self, source, target, ports, flags=SYN):
        """One segment to each port."""
        body = struct.pack(">HHIIBBHHH", SOURCE_PORT, 0, 1, 0, 0x50, flags, 8192, 0, 0)
        self._send(source, target, socket.IPPROTO_TCP, body, 16, ports)

    def udp(self, source, target, ports):
        """One datagram to each port."""
        self.datagram((source, SOURCE_PORT), target, ports, b"who?")

    def datagram(self, source, target, ports, data):
        """`data` from `source` (address, port) to each port."""
        address, port = source
        body = struct.pack(">HHHH", port, 0, 8 + len(data), 0) + data
        self._send(address, target, socket.IPPROTO_UDP, body, 6, ports)

    def ping(self, source, target):
        """An echo request."""
        six = ip_address(target).version == 6
        protocol = socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP
        # The "port" is the checksum's own place, which is written last.
        self._send(source, target, protocol, bytes([128 if six else 8, *bytes(7)]), 2, (0,))

    def _send(self, source, target, protocol, body, check_at, ports):
        source, target = ip_address(source), ip_address(target)
        pseudo = struct.pack(">II", len(body), protocol)
        if protocol != socket.IPPROTO_ICMP:
            pseudo += source.packed + target.packed
        else:
            pseudo = b""
        start = len(self._head) + len(_head(source, target, protocol, len(body)))
        frame = bytearray(self._head + _head(source, target, protocol, len(body)) + body)
        total = _sum(pseudo + body)
        for port in ports:
            struct.pack_into(">H", frame, start + 2, port)
            struct.pack_into(">H", frame, start + check_at, _check(total + port))
            self._socket.send(frame)

    def close(self):
        """Close the socket."""
        self._socket.close()
