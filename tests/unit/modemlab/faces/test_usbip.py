# SPDX-License-Identifier: GPL-3.0-or-later
"""USB/IP messages over a real socket, cut anywhere."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

import pytest

from modemlab.faces.usbip import UsbipSession
from modemlab.modem.modem import Modem

CAP = 5.0  # seconds; the far end is in this process
DEVICE_DESCRIPTOR = bytes.fromhex("8006000100001200")


def submit(sequence: int, endpoint: int, *, data: bytes | None = None, length: int = 0,
           setup: bytes = bytes(8)) -> bytes:  # fmt: skip
    """A SUBMIT: OUT with data, IN without."""
    size = length if data is None else len(data)
    head = struct.pack(">5IIiiii8s", 1, sequence, 65537, int(data is None), endpoint, 0, size, 0,
                       0, 0, setup)  # fmt: skip
    return head + (data or b"")


def unlink(sequence: int, victim: int) -> bytes:
    return struct.pack(">5II24x", 2, sequence, 65537, 0, 0, victim)


class Wire:
    """The kernel's end of the socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.gone: list[bool] = []

    async def answer(self, *, is_in: bool) -> tuple[int, int, int, bytes]:
        """Command, sequence, status and data of the next message."""
        async with asyncio.timeout(CAP):
            head = await self.reader.readexactly(48)
            command, sequence, _, _, _, status, length = struct.unpack_from(">5Iii", head)
            data = await self.reader.readexactly(length) if is_in else b""
        return command, sequence, status, data


def on_wire(modem: Modem, scenario: Callable[[Wire], Awaitable[None]]) -> Wire:
    """Run a scenario against a session of `modem`."""

    async def run() -> Wire:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        wire = Wire(*await asyncio.open_unix_connection(sock=theirs))
        session = UsbipSession(modem, lambda: wire.gone.append(True))
        await asyncio.get_running_loop().create_unix_connection(lambda: session, sock=ours)
        await scenario(wire)
        wire.writer.close()
        await wire.writer.wait_closed()
        async with asyncio.timeout(CAP):
            while not wire.gone:
                await asyncio.sleep(0)
        return wire

    return asyncio.run(run())


def test_control_transfer(modem: Modem) -> None:
    async def scenario(wire: Wire) -> None:
        wire.writer.write(submit(1, 0, length=18, setup=DEVICE_DESCRIPTOR))
        command, sequence, status, data = await wire.answer(is_in=True)
        assert (command, sequence, status, len(data)) == (3, 1, 0, 18)

    assert on_wire(modem, scenario).gone == [True]


@pytest.mark.parametrize("size", [1, 7, 47, 48, 49, 51, 1000])
def test_messages_are_put_together_from_any_pieces(modem: Modem, size: int) -> None:
    stream = submit(1, 6, length=64) + submit(2, 4, data=b"AT\r") + submit(3, 6, length=64)

    async def scenario(wire: Wire) -> None:
        for start in range(0, len(stream), size):
            wire.writer.write(stream[start : start + size])
            await wire.writer.drain()
            await asyncio.sleep(0)
        assert await wire.answer(is_in=False) == (3, 2, 0, b"")
        assert await wire.answer(is_in=True) == (3, 1, 0, b"AT\r\r\nOK\r\n")

    on_wire(modem, scenario)


def test_unlink_of_a_waiting_and_of_a_finished_urb(modem: Modem) -> None:
    async def scenario(wire: Wire) -> None:
        wire.writer.write(submit(1, 6, length=64) + unlink(2, 1) + unlink(3, 1))
        assert (await wire.answer(is_in=False))[:3] == (4, 2, -104)
        assert (await wire.answer(is_in=False))[:3] == (4, 3, 0)

    on_wire(modem, scenario)


def test_a_big_burst_comes_back_whole(modem: Modem) -> None:
    count = 400
    packet = b"\x45" + bytes(1399)
    modem.start_session(1, 4, "")
    modem.uplink = modem.downlink

    async def scenario(wire: Wire) -> None:
        for number in range(count):
            wire.writer.write(submit(2 * number, 8, length=2048))
            wire.writer.write(submit(2 * number + 1, 5, data=packet))
        for number in range(count):
            assert await wire.answer(is_in=False) == (3, 2 * number + 1, 0, b"")
            assert await wire.answer(is_in=True) == (3, 2 * number, 0, packet)

    on_wire(modem, scenario)
