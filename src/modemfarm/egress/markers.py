# SPDX-License-Identifier: GPL-3.0-or-later
"""How a packet of one slot is known on any interface: by where it goes or what it asks.

Nobody else sends to these places: they are for documentation (RFC 5737, RFC 3849), so nothing
answers there either, and a packet to them is seen as it leaves. Knows no rule, table or guard.
"""

import struct
from ipaddress import IPv4Address, IPv6Address

TCP, UDP, DNS, IPV6 = "tcp", "udp", "dns", "ipv6"
KINDS = (TCP, UDP, DNS, IPV6)
_PORTS = range(20000, 60000)
_V4 = int(IPv4Address("198.51.100.0"))
_V6 = int(IPv6Address("2001:db8:6d66::"))
_DNS_PORT = 53
_PROTOCOLS = {6: TCP, 17: UDP}


def target(slot: int) -> IPv4Address:
    """Where slot `slot` (1 to 120) sends TCP and UDP."""
    return IPv4Address(_V4 + slot)


def target_6(slot: int) -> IPv6Address:
    """Where it sends IPv6."""
    return IPv6Address(_V6 + slot)


def port(token: str) -> int:
    """The port that a run asks: what an earlier run still tries is not counted in this one."""
    return _PORTS[int(token, 16) % len(_PORTS)]


def label(token: str, slot: int) -> str:
    """First label of the name that it asks for; `token` is new in each run: nothing is cached."""
    return f"egress-{token}-{slot}"


def recognise(packet: bytes, token: str) -> tuple[int, str] | None:
    """(slot, kind) of an IP packet, None for all that has no marker."""
    version = packet[0] >> 4 if packet else 0
    if version == 6 and len(packet) >= 40:
        slot = int.from_bytes(packet[24:40], "big") - _V6
        if 0 < slot < 256:
            return (slot, IPV6) if _asks(packet[40:], token) else None
        return _question(packet[40:], packet[6], token)
    if version != 4 or len(packet) < 20:
        return None
    slot = int.from_bytes(packet[16:20], "big") - _V4
    kind = _PROTOCOLS.get(packet[9])
    body = packet[(packet[0] & 15) * 4 :]
    if 0 < slot < 256:
        return (slot, kind) if kind is not None and _asks(body, token) else None
    return _question(body, packet[9], token)


def _asks(body: bytes, token: str) -> bool:
    """Whether TCP or UDP goes to the port of this run."""
    return len(body) >= 4 and int(struct.unpack_from(">H", body, 2)[0]) == port(token)


def _question(body: bytes, protocol: int, token: str) -> tuple[int, str] | None:
    """A DNS question over UDP for one of our names."""
    if protocol != 17 or len(body) < 21 or struct.unpack_from(">H", body, 2)[0] != _DNS_PORT:
        return None
    first = body[21 : 21 + body[20]]
    head = f"egress-{token}-".encode()
    number = first[len(head) :]
    return (int(number), DNS) if first.startswith(head) and number.isdigit() else None
