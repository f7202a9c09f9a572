# SPDX-License-Identifier: GPL-3.0-or-later
"""Run inside a network namespace: the whole Internet as seen from there, `internet.py VIEW`.

TCP 8001 to 8004 and UDP 9001 to 9004 on 203.0.113.10 and 2001:db8::10 answer "VIEW <caller>";
the port says for which slot somebody asks. DNS on 203.0.113.53 (UDP): names that begin with `six`
have an AAAA record only, all others an A record only; names that begin with `late` have it late.
Prints `ready`; ends with stdin.
"""

import asyncio
import socket
import struct
import sys

SLOTS = range(1, 5)
LATE_S = 1.0
PLACES = ("203.0.113.10", "2001:db8::10")


async def answer(view, reader, writer):
    """One caller: `GET` gets HTTP, any other line gets a line, as often as it likes."""
    words = f"{view} {writer.get_extra_info('peername')[0]}\n".encode()
    try:
        while line := await reader.readline():
            if line.startswith(b"GET"):
                while (await reader.readline()).strip():
                    pass
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(words))
            writer.write(words)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()


class Echo(asyncio.DatagramProtocol):
    """Says who has seen the datagram."""

    def __init__(self, view):
        self.view = view

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, caller):
        self.transport.sendto(f"{self.view} {caller[0]}\n".encode(), caller)


class Names(Echo):
    """A small DNS server."""

    def datagram_received(self, data, caller):
        end = data.index(b"\0", 12) + 5
        (kind,) = struct.unpack_from(">H", data, end - 4)
        six = data[13:].startswith(b"six")
        raw = socket.inet_pton(socket.AF_INET6 if six else socket.AF_INET, PLACES[six])
        found = kind == (28 if six else 1)
        head = data[:2] + struct.pack(">5H", 0x8180, 1, int(found), 0, 0)
        record = b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(raw)) + raw
        reply = head + data[12:end] + (record if found else b"")
        delay = LATE_S if data[13:].startswith(b"late") else 0
        asyncio.get_running_loop().call_later(delay, self.transport.sendto, reply, caller)


async def main(view):
    """Serve until stdin ends."""
    loop = asyncio.get_running_loop()
    for place in PLACES:
        for slot in SLOTS:
            await asyncio.start_server(lambda r, w: answer(view, r, w), place, 8000 + slot)
            await loop.create_datagram_endpoint(lambda: Echo(view), (place, 9000 + slot))
    await loop.create_datagram_endpoint(lambda: Names(view), ("203.0.113.53", 53))
    print("ready", flush=True)  # noqa: T201
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
