# SPDX-License-Identifier: GPL-3.0-or-later
"""The carrier's services, asked by the kernel's own TCP from inside the namespace."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from modemlab.carrier import addresses as adr
from modemlab.carrier.dns import encode_query, parse_answer
from modemlab.carrier.network import Carrier, CarrierPlan

WAIT_S = 5.0
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Play = Callable[[Carrier], Awaitable[None]]


def play(plan: CarrierPlan, act: Play) -> None:
    async def go() -> None:
        carrier = Carrier(plan)
        try:
            await carrier.start()
            async with asyncio.timeout(WAIT_S):
                await act(carrier)
        finally:
            await carrier.stop()

    asyncio.run(go())


async def connect(carrier: Carrier, address: str, port: int) -> Streams:
    raw = await carrier.inside.acall(partial(socket.create_connection, (address, port), WAIT_S))
    raw.setblocking(False)
    return await asyncio.open_connection(sock=raw)


async def get(streams: Streams, request: str) -> tuple[str, dict[str, str], bytes]:
    """Status line, headers and body of one answer; HEAD has no body."""
    reader, writer = streams
    writer.write(request.encode().replace(b"\n", b"\r\n") + b"\r\n\r\n")
    status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
    headers = dict(line.split(": ") for line in lines)
    length = 0 if request.startswith("HEAD") else int(headers["Content-Length"])
    return status, headers, await reader.readexactly(length)


def test_one_connection_serves_many_requests(carrier_plan: CarrierPlan) -> None:
    async def act(carrier: Carrier) -> None:
        streams = await connect(carrier, adr.HTTP_V4, 80)
        for path, size in (("/", 13), ("/bytes/0", 0), ("/bytes/100001", 100001)):
            status, headers, body = await get(streams, f"GET {path} HTTP/1.1\nHost: x")
            assert (status, len(body)) == ("HTTP/1.1 200 OK", size)
            assert headers["Connection"] == "keep-alive"
        status, headers, _ = await get(streams, "HEAD /bytes/55 HTTP/1.1\nHost: x")
        assert headers["Content-Length"] == "55"
        status, _, _ = await get(streams, "DELETE / HTTP/1.1\nHost: x")
        assert status == "HTTP/1.1 405 Method Not Allowed"
        await get(streams, "GET / HTTP/1.1\nHost: x\nConnection: close")
        assert await streams[0].read() == b""
        streams[1].close()

    play(carrier_plan, act)


def test_a_caller_without_line_is_told_its_own_address(carrier_plan: CarrierPlan) -> None:
    async def act(carrier: Carrier) -> None:
        streams = await connect(carrier, adr.HTTP_V4, 80)
        _, headers, body = await get(streams, "GET / HTTP/1.1\nConnection: close")
        assert body == b"203.0.113.10\n"
        assert "X-Lab-Modem" not in headers
        streams[1].close()

    play(carrier_plan, act)


@pytest.mark.parametrize("request_line", ["nonsense", "GET /bytes/x HTTP/1.1"])
def test_a_bad_request_is_answered_and_the_service_goes_on(
    carrier_plan: CarrierPlan, request_line: str
) -> None:
    async def act(carrier: Carrier) -> None:
        for _ in range(2):
            streams = await connect(carrier, adr.HTTP_V4, 80)
            status, _, _ = await get(streams, request_line)
            assert status == "HTTP/1.1 400 Bad Request"
            assert await streams[0].read() == b""
            streams[1].close()

    play(carrier_plan, act)


def test_dns_over_tcp(carrier_plan: CarrierPlan) -> None:
    async def act(carrier: Carrier) -> None:
        carrier.zone.set("new.example", ("203.0.113.99",))
        reader, writer = await connect(carrier, adr.DNS_V4, 53)
        for name, expected in (("new.example", ["203.0.113.99"]), ("v6.lab.test", [])):
            query = encode_query(4, name)
            writer.write(struct.pack(">H", len(query)) + query)
            size = struct.unpack(">H", await reader.readexactly(2))[0]
            assert parse_answer(await reader.readexactly(size)) == (4, 0, expected)
        writer.write(struct.pack(">H", 3) + b"bad")
        assert await reader.read() == b""
        writer.close()

    play(carrier_plan, act)


def test_open_connections_do_not_hold_up_the_end(carrier_plan: CarrierPlan) -> None:
    async def act(carrier: Carrier) -> None:
        _, web = await connect(carrier, adr.HTTP_V4, 80)
        _, dns = await connect(carrier, adr.DNS_V4, 53)
        web.write(b"GET / HTTP/1.1\r\n")
        await carrier.stop()
        web.close()
        dns.close()

    play(carrier_plan, act)
