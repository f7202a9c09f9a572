# SPDX-License-Identifier: GPL-3.0-or-later
"""A small HTTP/1.1 server: "what is my address" and `/bytes/<n>`, with keep-alive."""

import asyncio
import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from modemlab.carrier.connections import Connections

IDLE_S = 75.0  # a keep-alive connection without a request; usual servers take 60 to 75
HEAD_MAX = 16384
BYTES_MAX = 1_000_000_000
_CHUNK = bytes(range(256)) * 64
_REQUEST = re.compile(r"(?P<verb>[A-Z]+) (?P<target>\S+) HTTP/1\.(?P<minor>[01])")


@dataclass(frozen=True, slots=True)
class View:
    """What the service says to one caller: the text of the body and extra header lines."""

    body: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """Method, path and whether the connection stays open after the answer."""

    verb: str
    path: str
    keep: bool


Respond = Callable[[str, str, Request], View]  # (caller's address, address called, request)


class BadRequestError(ValueError):
    """The request head cannot be understood."""


def parse_head(head: bytes) -> Request:
    """Parse a request head (request line and headers). Raises BadRequestError."""
    lines = head.decode("latin-1").split("\r\n")
    match = _REQUEST.fullmatch(lines[0])
    if match is None:
        raise BadRequestError(f"bad request line {lines[0][:80]!r}")
    target = match["target"]
    if "://" in target:
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    pairs = (line.partition(":") for line in lines[1:])
    headers = {name.strip().lower(): value.strip().lower() for name, _, value in pairs}
    if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
        raise BadRequestError("a request with a body is not supported")
    default = "keep-alive" if match["minor"] == "1" else "close"
    return Request(match["verb"], target, headers.get("connection", default) != "close")


def body_length(path: str) -> int | None:
    """n of `/bytes/<n>`, None for any other path. Raises BadRequestError for a bad n."""
    if not path.startswith("/bytes/"):
        return None
    text = path.removeprefix("/bytes/").partition("?")[0]
    if not re.fullmatch(r"[0-9]{1,10}", text) or int(text) > BYTES_MAX:
        raise BadRequestError(f"/bytes/<n>: n is {text[:20]!r}, allowed are 0..{BYTES_MAX}")
    return int(text)


def _head(status: str, length: int, keep: bool, extra: tuple[tuple[str, str], ...] = ()) -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Length: {length}",
        "Content-Type: text/plain; charset=utf-8",
        f"Connection: {'keep-alive' if keep else 'close'}",
        *(f"{name}: {value}" for name, value in extra),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class HttpService:
    """Serves every connection it is given with the views of `respond`."""

    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self._connections = Connections()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from accept to close; give this to asyncio.start_server."""
        async with self._connections.hold(writer):
            # A caller that went away is owed nothing.
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
                await self._serve(reader, writer)

    def close(self) -> None:
        """End all connections at once, half-sent answers included."""
        self._connections.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        caller = writer.get_extra_info("peername")[0]
        called = writer.get_extra_info("sockname")[0]
        keep = True
        while keep:
            try:
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), IDLE_S)
                request = parse_head(head[:-4])
                keep = request.keep
                await self._answer(writer, request, self._respond(caller, called, request))
            except (BadRequestError, asyncio.LimitOverrunError) as error:
                text = f"{error}\n".encode()
                writer.write(_head("400 Bad Request", len(text), False) + text)
                keep = False
            await writer.drain()

    async def _answer(self, writer: asyncio.StreamWriter, request: Request, view: View) -> None:
        if request.verb not in ("GET", "HEAD"):
            writer.write(_head("405 Method Not Allowed", 0, request.keep))
            return
        length = body_length(request.path)
        text = (view.body + "\n").encode()
        size = len(text) if length is None else length
        writer.write(_head("200 OK", size, request.keep, view.headers))
        if request.verb == "HEAD":
            return
        if length is None:
            writer.write(text)
            return
        while size > 0:
            writer.write(_CHUNK[:size])
            size -= len(_CHUNK)
            await writer.drain()
