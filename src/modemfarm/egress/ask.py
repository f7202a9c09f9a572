# SPDX-License-Identifier: GPL-3.0-or-later
"""Has the proxy of a slot send marked packets: TCP, UDP where it relays it, a DNS question, IPv6.

Nothing answers at the marked places; the answer of the proxy says only what it refuses.
"""

import contextlib
import socket
import struct
from ipaddress import IPv4Address, IPv6Address

from ..proxy.entrance import connect
from ..settings import SlotPlan
from . import markers

PATIENCE_S = 3.0  # a proxy sends at once; v2ray under emulation needs a second
_CONNECT, _ASSOCIATE = 1, 3
_DOMAIN = ".example.com"  # RFC 2606; that the name does not exist is as good


def ask(listen: IPv4Address, slot: SlotPlan, kind: str, token: str) -> None:
    """Ask once; that the proxy refuses, or says nothing, is not an error here."""
    with contextlib.suppress(OSError):
        if kind == markers.DNS:
            _name(listen, slot, markers.label(token, slot.slot) + _DOMAIN)
        else:
            _socks(listen, slot, kind, markers.port(token))


def _name(listen: IPv4Address, slot: SlotPlan, host: str) -> None:
    with connect(str(listen), slot.port, PATIENCE_S) as proxy:
        head = f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        proxy.sendall(head.encode("ascii"))
        proxy.recv(1)


def _socks(listen: IPv4Address, slot: SlotPlan, kind: str, port: int) -> None:
    with connect(str(listen), slot.socks_port or slot.port, PATIENCE_S) as proxy:
        proxy.sendall(b"\x05\x01\x00")
        proxy.recv(2)
        if kind != markers.UDP:
            place = markers.target_6 if kind == markers.IPV6 else markers.target
            proxy.sendall(bytes((5, _CONNECT, 0)) + _place(place(slot.slot), port))
            proxy.recv(10)
            return
        proxy.sendall(bytes((5, _ASSOCIATE, 0)) + _place(IPv4Address(0), 0))
        reply = proxy.recv(10)
        if len(reply) < 10 or reply[1]:
            return  # it relays no UDP
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as relay:
            relay.bind((str(listen), 0))
            there = (str(listen), struct.unpack_from(">H", reply, 8)[0])
            relay.sendto(bytes(3) + _place(markers.target(slot.slot), port) + b"modemfarm", there)
            relay.settimeout(PATIENCE_S / 3)
            relay.recv(1)  # nothing answers: the association stays open until it has sent


def _place(address: IPv4Address | IPv6Address, port: int) -> bytes:
    kind = 1 if address.version == 4 else 4
    return bytes((kind,)) + address.packed + struct.pack(">H", port)
