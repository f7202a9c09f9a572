# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP request through a proxy, as a LAN client makes it. Failures are data."""

import asyncio
import re
import socket
import struct
import time
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from modemlab.carrier.netns import Inside

BODY_KEPT = 65536
METHODS = ("http", "connect", "socks5")
DEFAULT_TIMEOUT_S = 5.0
_HEAD_MAX = 65536
_SOCKS_ERRORS = {  # RFC 1928, section 6
    1: "general failure",
    2: "not allowed",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "TTL expired",
    7: "command not supported",
    8: "address type not supported",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `error` is None when a whole answer was read.

    `body` is the text of the first 64 KiB without white space around it, `size` counts all bytes.
    """

    status: int | None = None
    body: str = ""
    size: int = 0
    seconds: float = 0.0
    error: str | None = None
    modem: str | None = None  # X-Lab-Modem: which modem the carrier saw

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


class _RequestError(Exception):
    """Why the request failed, in words; becomes Answer.error."""


@dataclass(frozen=True, slots=True)
class Client:
    """Where requests are made: namespace and source address, and the proxies' address."""

    inside: Inside
    source: str
    proxy: str

    async def request(
        self, port: int, url: str, method: str = "http", timeout: float = DEFAULT_TIMEOUT_S
    ) -> Answer:
        """GET `url` through the proxy at `port`; never raises for anything the network does.

        `method`: http (absolute URI), connect (HTTP CONNECT), socks5 (name resolved by the proxy).
        `timeout` covers everything from connecting to the last byte, in seconds.
        """
        start = time.monotonic()
        try:
            async with asyncio.timeout(timeout):
                answer = await self._exchange(port, url, method)
        except TimeoutError:
            answer = Answer(error=f"time-out after {timeout:g} s")
        except asyncio.IncompleteReadError:
            answer = Answer(error="connection closed before the answer was complete")
        except asyncio.LimitOverrunError:
            answer = Answer(error=f"the answer's head is longer than {_HEAD_MAX} bytes")
        except OSError as error:
            answer = Answer(error=f"{type(error).__name__}: {error.strerror or error}")
        except (_RequestError, ValueError) as error:
            answer = Answer(error=str(error))
        values = answer.as_dict()
        values["seconds"] = round(time.monotonic() - start, 3)
        return Answer(**values)

    async def _exchange(self, port: int, url: str, method: str) -> Answer:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise _RequestError(f"url is {url!r}, allowed is http://host[:port]/path")
        if method not in METHODS:
            raise _RequestError(f"method is {method!r}, allowed are {', '.join(METHODS)}")
        host, target_port = parts.hostname, parts.port or 80
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        raw = await self.inside.acall(self._socket)
        writer: asyncio.StreamWriter | None = None
        try:
            await asyncio.get_running_loop().sock_connect(raw, (self.proxy, port))
            reader, writer = await asyncio.open_connection(sock=raw, limit=_HEAD_MAX)
            if method == "socks5":
                await _socks5(reader, writer, host, target_port)
            elif method == "connect":
                await _connect(reader, writer, host, target_port)
            else:
                path = f"http://{parts.netloc}{path}"
            lines = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
            writer.write(lines.encode())
            return await _read_answer(reader)
        finally:
            if writer is not None:
                writer.transport.abort()
            else:
                raw.close()

    def _socket(self) -> socket.socket:
        raw = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            raw.setblocking(False)
            raw.bind((self.source, 0))
        except OSError:
            raw.close()
            raise
        return raw


async def _socks5(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int
) -> None:
    """SOCKS5 CONNECT without authentication, the name sent as a name (RFC 1928)."""
    writer.write(b"\x05\x01\x00")
    version, chosen = await reader.readexactly(2)
    if version != 5 or chosen != 0:
        raise _RequestError(f"socks: no acceptable authentication (version {version}, {chosen})")
    name = host.encode("idna")
    writer.write(b"\x05\x01\x00\x03" + bytes([len(name)]) + name + struct.pack(">H", port))
    _, code, _, kind = await reader.readexactly(4)
    if code:
        raise _RequestError(f"socks: {code} {_SOCKS_ERRORS.get(code, 'unknown')}")
    length = {1: 4, 4: 16}.get(kind)
    if length is None:
        length = (await reader.readexactly(1))[0]
    await reader.readexactly(length + 2)


async def _connect(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int
) -> None:
    """HTTP CONNECT (RFC 9110, section 9.3.6)."""
    writer.write(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    status, _ = await _read_head(reader)
    if status != 200:
        raise _RequestError(f"connect: the proxy answered {status}")


async def _read_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    """Status and headers (lower-case names) of an answer."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    match = re.fullmatch(r"HTTP/1\.[01] ([1-5][0-9]{2})(?: .*)?", lines[0])
    if match is None:
        raise _RequestError(f"not an HTTP answer: {lines[0][:80]!r}")
    pairs = (line.partition(":") for line in lines[1:] if line)
    return int(match[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}


async def _read_answer(reader: asyncio.StreamReader) -> Answer:
    status, headers = await _read_head(reader)
    declared = headers.get("content-length")
    if declared is not None and not re.fullmatch(r"[0-9]{1,12}", declared):
        raise _RequestError(f"bad Content-Length {declared[:20]!r}")
    wanted = None if declared is None else int(declared)
    kept, size = b"", 0
    while wanted is None or size < wanted:
        chunk = await reader.read(BODY_KEPT)
        if not chunk:
            break
        size += len(chunk)
        kept += chunk[: BODY_KEPT - len(kept)]
    error = None
    if wanted is not None and size < wanted:
        error = f"the body ended after {size} of {wanted} bytes"
    body = kept.decode("utf-8", "replace").strip()
    return Answer(status, body, size, 0.0, error, headers.get("x-lab-modem"))
