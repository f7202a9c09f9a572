# SPDX-License-Identifier: GPL-3.0-or-later
"""Ones' complement arithmetic for IP, TCP and UDP checksums (RFC 1071, RFC 1624)."""

import struct


def fold(value: int) -> int:
    """Fold a non-negative sum to 16 bits with end-around carry."""
    while value > 0xFFFF:
        value = (value & 0xFFFF) + (value >> 16)
    return value


def word_sum(data: bytes) -> int:
    """Unfolded sum of the big-endian 16-bit words of `data`, padded to an even length."""
    if len(data) % 2:
        data += b"\0"
    return sum(struct.unpack(f">{len(data) // 2}H", data))


def checksum(data: bytes) -> int:
    """The internet checksum of `data`, computed in full (RFC 1071)."""
    return fold(word_sum(data)) ^ 0xFFFF


def delta(old: bytes, new: bytes) -> int:
    """What replacing `old` by `new` (same even length) adds to a ones' complement sum."""
    return fold(word_sum(new) + word_sum(bytes(b ^ 0xFF for b in old)))


def adjust(buffer: bytearray, offset: int, change: int) -> None:
    """Update the checksum at `offset` for a `delta`, by RFC 1624 equation 3."""
    total = ((buffer[offset] << 8 | buffer[offset + 1]) ^ 0xFFFF) + change
    total = ((total & 0xFFFF) + (total >> 16)) ^ 0xFFFF
    buffer[offset] = total >> 8
    buffer[offset + 1] = total & 0xFF
