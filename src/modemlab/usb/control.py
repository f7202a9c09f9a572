# SPDX-License-Identifier: GPL-3.0-or-later
"""Standard control requests of a device (USB 2.0 chapter 9)."""

import struct
from dataclasses import dataclass

from modemlab.usb.descriptors import CONFIGURATION, DEVICE, STRING, Device

_SETUP = struct.Struct("<BBHHH")
GET_STATUS, GET_DESCRIPTOR = 0, 6
GET_CONFIGURATION, GET_INTERFACE = 8, 10
STANDARD_FROM_DEVICE = 0x80
DIRECTION_IN = 0x80
CLASS_TO_INTERFACE, CLASS_FROM_INTERFACE = 0x21, 0xA1


@dataclass(frozen=True)
class Setup:
    """The eight bytes that begin a control transfer."""

    kind: int
    request: int
    value: int
    index: int
    length: int

    @property
    def is_in(self) -> bool:
        return bool(self.kind & DIRECTION_IN)


def decode(raw: bytes) -> Setup:
    """Eight bytes to a Setup. Raises struct.error on fewer."""
    return Setup(*_SETUP.unpack(raw))


def standard_reply(device: Device, setup: Setup) -> bytes | None:
    """The data of a standard IN request, None for a stall. Not yet cut to `setup.length`."""
    if setup.request == GET_DESCRIPTOR and setup.kind == STANDARD_FROM_DEVICE:
        return _descriptor(device, setup.value >> 8, setup.value & 0xFF)
    if setup.request == GET_STATUS:
        return b"\x00\x00"
    if setup.request == GET_CONFIGURATION:
        return b"\x01"
    if setup.request == GET_INTERFACE:
        return b"\x00"
    return None


def _descriptor(device: Device, kind: int, index: int) -> bytes | None:
    if kind == DEVICE:
        return device.pack()
    if kind == CONFIGURATION:
        return device.configuration.pack()
    if kind == STRING:
        return device.string(index)
    return None
