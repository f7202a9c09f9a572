# SPDX-License-Identifier: GPL-3.0-or-later
"""Has the proxy of a slot send marked packets: TCP, UDP where it relays it, a DNS question, IPv6.

By plain HTTP, which every policy allows this host without a name; UDP by SOCKS, the only one that
relays it, and IPv6 by both. Nothing answers at the marked places; the answer of the proxy says only
what it refuses.
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
    port = markers.port(token)
    if kind != markers.UDP:
        with contextlib.suppress(OSError):
            _http(listen, slot, _authority(slot, kind, token, port))
    if kind in {markers.UDP, markers.IPV6}:
        with contextlib.suppress(OSError):
            _socks(listen, slot, kind, port)


def _authority(slot: SlotPlan, kind: str, token: str, port: int) -> str:
    if kind == markers.DNS:
        return markers.label(token, slot.slot) + _DOMAIN
    if kind == markers.IPV6:
        return f"[{markers.target_6(slot.slot)}]:{port}"
    return f"{markers.target(slot.slot)}:{port}"


def _http(listen: IPv4Address, slot: SlotPlan, host: str) -> None:
    with connect(str(listen), slot.port, PATIENCE_S) as proxy:
        head = f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        proxy.sendall(head.encode("ascii"))
        proxy.recv(1)


def _socks(listen: IPv4Address, slot: SlotPlan, kind: str, port: int) -> None:
    with connect(str(listen), slot.socks_port or slot.port, PATIENCE_S) as proxy:
        proxy.sendall(b"\x05\x01\x00")
        proxy.recv(2)
        if kind != markers.UDP:
            proxy.sendall(bytes((5, _CONNECT, 0)) + _place(markers.target_6(slot.slot), port))
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
