# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP and DNS services with their sockets in a network namespace."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, cast

from modemlab.carrier.connections import Connections
from modemlab.carrier.dns import DnsError, Query, parse_query
from modemlab.carrier.http import HEAD_MAX, HttpService, Respond
from modemlab.carrier.netns import Inside

HTTP_PORT = 80
DNS_PORT = 53
BACKLOG = 512
DNS_IDLE_S = 10.0  # a DNS connection over TCP without a question

Resolve = Callable[[str, Query], bytes]  # (caller's address, query) -> answer datagram


class Services:
    """Starts and stops the services of one namespace."""

    def __init__(self, inside: Inside, respond: Respond, resolve: Resolve) -> None:
        self._inside = inside
        self._http = HttpService(respond)
        self._resolve = resolve
        self._servers: list[asyncio.Server] = []
        self._datagrams: list[asyncio.DatagramTransport] = []
        self._asking = Connections()  # DNS over TCP

    async def start(self, http: Iterable[str], *dns: str) -> None:
        """Listen with HTTP on the addresses `http` and with DNS on `dns` (UDP and TCP)."""
        loop = asyncio.get_running_loop()
        for address in http:
            bound = await self._socket(address, HTTP_PORT, socket.SOCK_STREAM)
            handle = self._http.handle
            self._servers.append(await asyncio.start_server(handle, sock=bound, limit=HEAD_MAX))
        for address in dns:
            bound = await self._socket(address, DNS_PORT, socket.SOCK_STREAM)
            self._servers.append(await asyncio.start_server(self._dns_stream, sock=bound))
            bound = await self._socket(address, DNS_PORT, socket.SOCK_DGRAM)
            transport, _ = await loop.create_datagram_endpoint(
                lambda: _DnsDatagrams(self._resolve), sock=bound
            )
            self._datagrams.append(transport)

    async def stop(self) -> None:
        """Close all sockets and connections."""
        for transport in self._datagrams:
            transport.close()
        for server in self._servers:
            server.close()
        self._http.close()
        self._asking.abort()
        for server in self._servers:
            await server.wait_closed()
        self._datagrams.clear()
        self._servers.clear()

    async def _socket(self, address: str, port: int, kind: socket.SocketKind) -> socket.socket:
        return await self._inside.acall(partial(_bound, address, port, kind))

    async def _dns_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        caller = writer.get_extra_info("peername")[0]
        async with self._asking.hold(writer):
            # However the conversation ends, closing is all that is left to do.
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError, DnsError):
                while True:
                    await self._dns_answer(caller, reader, writer)

    async def _dns_answer(
        self, caller: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        async with asyncio.timeout(DNS_IDLE_S):
            (size,) = struct.unpack(">H", await reader.readexactly(2))
            data = await reader.readexactly(size)
        answer = self._resolve(caller, parse_query(data))
        writer.write(struct.pack(">H", len(answer)) + answer)
        await writer.drain()


class _DnsDatagrams(asyncio.DatagramProtocol):
    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # By its base class: in Python 3.11 the real transport is no DatagramTransport.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        try:
            query = parse_query(data)
        except DnsError:
            return  # nothing that could be answered
        if self._transport is not None:
            self._transport.sendto(self._resolve(addr[0], query), addr)

    def error_received(self, exc: Exception) -> None:
        """ICMP errors about earlier answers: the asker is gone, the others stay served."""


def _bound(address: str, port: int, kind: socket.SocketKind) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    bound = socket.socket(family, kind)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((address, port))
        if kind == socket.SOCK_STREAM:
            bound.listen(BACKLOG)
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return bound
