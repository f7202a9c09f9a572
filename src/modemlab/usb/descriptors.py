# SPDX-License-Identifier: GPL-3.0-or-later
"""USB descriptors as nested values: Device > Configuration > Interface > Endpoint.

Layouts and numbers are those of the USB 2.0 specification, chapter 9; `pack()` gives the bytes
the host reads.
"""

import struct
from dataclasses import dataclass

DEVICE, CONFIGURATION, STRING, INTERFACE, ENDPOINT, ASSOCIATION = 1, 2, 3, 4, 5, 11
IN = 0x80
BULK, INTERRUPT = 2, 3
ENGLISH_US = b"\x04\x03\x09\x04"
HIGH_SPEED_BULK = 512  # the only bulk packet size high speed allows
SELF_OR_BUS = 0xA0  # bus powered, remote wakeup, and the bit that must be set


@dataclass(frozen=True)
class Endpoint:
    """One endpoint; `address` has bit 7 set for IN, `interval` as in the descriptor."""

    address: int
    kind: int = BULK
    size: int = HIGH_SPEED_BULK
    interval: int = 0

    @property
    def number(self) -> int:
        return self.address & 0x0F

    @property
    def is_in(self) -> bool:
        return bool(self.address & IN)

    def pack(self) -> bytes:
        return struct.pack(
            "<BBBBHB", 7, ENDPOINT, self.address, self.kind, self.size, self.interval
        )


@dataclass(frozen=True)
class Association:
    """Groups `count` interfaces from `first` on into one function."""

    first: int
    count: int
    usb_class: tuple[int, int, int]

    def pack(self) -> bytes:
        return struct.pack("<BBBBBBBB", 8, ASSOCIATION, self.first, self.count, *self.usb_class, 0)


@dataclass(frozen=True)
class Interface:
    """One alternate setting. `role` tells the face what the interface does; `extra` are
    class-specific descriptors that follow it."""

    number: int
    usb_class: tuple[int, int, int]
    role: str
    endpoints: tuple[Endpoint, ...] = ()
    extra: bytes = b""
    alternate: int = 0
    association: Association | None = None

    def pack(self) -> bytes:
        head = struct.pack("<BBBBBBBBB", 9, INTERFACE, self.number, self.alternate,
                           len(self.endpoints), *self.usb_class, 0)  # fmt: skip
        lead = self.association.pack() if self.association else b""
        return lead + head + self.extra + b"".join(e.pack() for e in self.endpoints)

    def endpoint(self, kind: int, *, is_in: bool) -> Endpoint | None:
        """The first endpoint of a kind and direction."""
        found = (e for e in self.endpoints if e.kind == kind and e.is_in is is_in)
        return next(found, None)


@dataclass(frozen=True)
class Configuration:
    """The one configuration; `milliamperes` is what the device declares to draw."""

    interfaces: tuple[Interface, ...]
    milliamperes: int = 500

    def pack(self) -> bytes:
        body = b"".join(interface.pack() for interface in self.interfaces)
        count = len({interface.number for interface in self.interfaces})
        head = struct.pack("<BBHBBBBB", 9, CONFIGURATION, 9 + len(body), count, 1, 0,
                           SELF_OR_BUS, self.milliamperes // 2)  # fmt: skip
        return head + body


@dataclass(frozen=True)
class Device:
    """A whole device. Strings: 1 manufacturer, 2 product, 3 serial (none when empty), 4 MAC."""

    vendor: int
    product: int
    release: int
    configuration: Configuration
    manufacturer: str
    product_name: str
    serial: str = ""
    mac: str = ""

    def pack(self) -> bytes:
        serial_index = 3 if self.serial else 0
        return struct.pack(
            "<BBHBBBBHHHBBBB", 18, DEVICE, 0x0200, 0, 0, 0, 64,
            self.vendor, self.product, self.release, 1, 2, serial_index, 1,
        )  # fmt: skip

    def string(self, index: int) -> bytes | None:
        """The string descriptor `index`, None when the device has no such string."""
        if index == 0:
            return ENGLISH_US
        texts = {1: self.manufacturer, 2: self.product_name, 3: self.serial, 4: self.mac}
        text = texts.get(index)
        if not text:
            return None
        raw = text.encode("utf-16-le")
        return bytes([2 + len(raw), STRING]) + raw
