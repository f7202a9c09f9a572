# SPDX-License-Identifier: GPL-3.0-or-later
"""Address translation between a modem's WAN address and its line address in the carrier.

Only the address and the checksums that cover it change; everything else of a packet passes as it
is. The sum is updated incrementally (RFC 1624): a packet costs a copy and a few additions, which
matters in a guest without hardware virtualisation.
"""

from modemlab.carrier.checksum import adjust, delta

TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
_ICMP_ERRORS = frozenset({3, 4, 5, 11, 12})  # these quote the packet they are about (RFC 792)
_V6_HEADER = 40


class Rewrite4:
    """Replaces the IPv4 address `old` by `new` at one end of a packet.

    `offset` is 12 for the source and 16 for the destination; packets quoted in ICMP errors carry
    the same address at the opposite end.
    """

    __slots__ = ("_change", "_new", "_offset", "_old")

    def __init__(self, old: bytes, new: bytes, offset: int) -> None:
        self._old, self._new, self._offset = old, new, offset
        self._change = delta(old, new)

    def apply(self, packet: bytes) -> bytearray:
        """Translated copy of `packet`, a valid IPv4 packet of at least 20 bytes."""
        out = bytearray(packet)
        offset = self._offset
        out[offset : offset + 4] = self._new
        adjust(out, 10, self._change)
        if (out[6] & 0x1F) or out[7]:
            return out  # not the first fragment: no transport header in here
        header = (out[0] & 0x0F) * 4
        protocol = out[9]
        if protocol == TCP:
            if len(out) >= header + 18:
                adjust(out, header + 16, self._change)
        elif protocol == UDP:
            _adjust_udp(out, header + 6, self._change)
        elif protocol == ICMP and len(out) >= header + 28 and out[header] in _ICMP_ERRORS:
            self._quoted(out, header + 8)
        return out

    def _quoted(self, out: bytearray, start: int) -> None:
        """Translate the quoted header; its own checksum keeps the ICMP sum as it was."""
        at = start + 28 - self._offset
        if out[at : at + 4] == self._old:
            out[at : at + 4] = self._new
            adjust(out, start + 10, self._change)


class Rewrite6:
    """Replaces the IPv6 /64 prefix `old` by `new` at one end (offset 8 source, 24 destination).

    Extension headers are passed over unchanged with their transport checksum, which the services
    of the lab never need.
    """

    __slots__ = ("_change", "_new", "_offset", "_old")

    def __init__(self, old: bytes, new: bytes, offset: int) -> None:
        self._old, self._new, self._offset = old, new, offset
        self._change = delta(old, new)

    def apply(self, packet: bytes) -> bytearray:
        """Translated copy of `packet`, a valid IPv6 packet of at least 40 bytes."""
        out = bytearray(packet)
        offset = self._offset
        out[offset : offset + 8] = self._new
        following = out[6]
        if following == TCP and len(out) >= _V6_HEADER + 18:
            adjust(out, _V6_HEADER + 16, self._change)
        elif following == UDP:
            _adjust_udp(out, _V6_HEADER + 6, self._change)
        elif following == ICMPV6 and len(out) >= _V6_HEADER + 4:
            adjust(out, _V6_HEADER + 2, self._change)
            self._quoted(out, _V6_HEADER + 8)
        return out

    def _quoted(self, out: bytearray, start: int) -> None:
        """Translate the packet quoted in an ICMPv6 error (types below 128, RFC 4443)."""
        at = start + 32 - self._offset
        quoted = out[_V6_HEADER] < 128 and len(out) >= start + _V6_HEADER
        if quoted and out[at : at + 8] == self._old:
            out[at : at + 8] = self._new
            adjust(out, _V6_HEADER + 2, self._change)


def _adjust_udp(out: bytearray, offset: int, change: int) -> None:
    """UDP: zero means "no checksum" and stays; a sum that comes out as zero is sent as 0xFFFF."""
    if len(out) < offset + 2 or not (out[offset] or out[offset + 1]):
        return
    adjust(out, offset, change)
    if not (out[offset] or out[offset + 1]):
        out[offset] = out[offset + 1] = 0xFF
