# SPDX-License-Identifier: GPL-3.0-or-later
"""The device side of the USB/IP protocol after import (Linux Documentation/usb/usbip_protocol).

A 48-byte big-endian header for each URB, its data behind it. Only the URB phase is spoken: the
kernel is handed the socket directly, so there is no import handshake.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import cast

from modemlab.faces.usb_device import UsbDevice
from modemlab.modem.modem import Modem

SUBMIT, UNLINK, SUBMITTED, UNLINKED = 1, 2, 3, 4
OUT = 0
HEADER_SIZE = 48
# command, sequence, device, direction, endpoint, flags, length, start, packets, interval, setup
_HEADER = struct.Struct(">5IIiiii8s")
_SUBMITTED = struct.Struct(">5Iiiiii8x")
_UNLINKED = struct.Struct(">5Ii24x")


class UsbipSession(asyncio.Protocol):
    """One plugged modem on one stream socket. `on_gone` is called when the host lets go."""

    def __init__(self, modem: Modem, on_gone: Callable[[], None]) -> None:
        self._modem = modem
        self._on_gone = on_gone
        self._rest = b""
        self._out: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._flushing = False
        self._left = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self.device = UsbDevice(modem, self._complete)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._loop = asyncio.get_running_loop()

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        self.leave()

    def leave(self) -> None:
        """The modem is off the bus from now on, whether or not the socket is closed yet."""
        if not self._left:
            self._left = True
            self._on_gone()

    def data_received(self, data: bytes) -> None:
        """Handle every whole URB; a cut one waits for its rest."""
        if self._left:
            return
        if self._rest:
            data = self._rest + data
        position, end = 0, len(data)
        while end - position >= HEADER_SIZE:
            used = self._handle(data, position, end)
            if not used:
                break
            position += used
        self._rest = data[position:]

    def close(self) -> None:
        """Leave the bus from this side."""
        self.leave()
        if self._transport is not None:
            self._transport.abort()

    def _handle(self, data: bytes, position: int, end: int) -> int:
        """One URB; the number of bytes it took, 0 when its data is not all there."""
        header = _HEADER.unpack_from(data, position)
        command, sequence, _, direction, endpoint, flags, length, _, _, _, setup = header
        start = position + HEADER_SIZE
        if command == UNLINK:
            status = self.device.unlink(flags)  # the sequence to unlink sits where flags do
            self._send(_UNLINKED.pack(UNLINKED, sequence, 0, 0, 0, status))
            return HEADER_SIZE
        body = length if direction == OUT and length > 0 else 0
        if end - start < body:
            return 0
        if endpoint == 0:
            self.device.submit_control(sequence, setup, data[start : start + body])
        elif direction == OUT:
            self.device.submit_out(sequence, endpoint, data[start : start + body])
        else:
            self.device.submit_in(sequence, endpoint, length)
        return HEADER_SIZE + body

    def _complete(self, sequence: int, status: int, length: int, data: bytes) -> None:
        self._send(_SUBMITTED.pack(SUBMITTED, sequence, 0, 0, 0, status, length, 0, 0, 0) + data)

    def _send(self, data: bytes) -> None:
        """Collect what one turn of the loop produces into one write."""
        self._out.append(data)
        if not self._flushing and self._loop is not None:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        out, self._out = self._out, []
        if self._transport is not None:
            self._transport.write(b"".join(out))
