# SPDX-License-Identifier: GPL-3.0-or-later
"""The control socket: one JSON object a line in, one a line out."""

import asyncio
import contextlib
import grp
import json
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from modemlab.carrier.connections import Connections
from modemlab.carrier.netns import NetnsError
from modemlab.commands.fields import FieldError, RequestError
from modemlab.modem.errors import LabError

LINE_MAX = 1024 * 1024
SOCKET_MODE = 0o660  # root and the lab's group
_log = logging.getLogger(__name__)

Run = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class ControlServer:
    """Answers requests with `run`, whose errors become {"ok": false, "error": …}."""

    def __init__(self, path: Path, run: Run, group: str | None = None) -> None:
        self._path, self._run, self._group = path, run, group
        self._server: asyncio.Server | None = None
        self._connections = Connections()

    async def start(self) -> None:
        """Listen. A socket that an earlier run left is replaced. Raises OSError, KeyError."""
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(
            self._handle, path=str(self._path), limit=LINE_MAX
        )
        self._path.chmod(SOCKET_MODE)
        if self._group:
            os.chown(self._path, -1, grp.getgrnam(self._group).gr_gid)

    async def stop(self) -> None:
        """Close the socket and all connections."""
        if self._server is not None:
            self._server.close()
            self._connections.abort()
            await self._server.wait_closed()
            self._server = None
        self._path.unlink(missing_ok=True)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with self._connections.hold(writer):
            with contextlib.suppress(ConnectionError):  # the asker left
                await self._converse(reader, writer)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                line = await reader.readline()
            except ValueError as error:  # a line beyond the limit: what follows is not readable
                writer.write(json.dumps(_refusal(error)).encode() + b"\n")
                return
            if not line:
                return
            writer.write(json.dumps(await self.answer(line)).encode() + b"\n")
            await writer.drain()

    async def answer(self, line: bytes) -> dict[str, Any]:
        """The answer to one request line."""
        try:
            request = json.loads(line)
        except (ValueError, RecursionError) as error:
            return _refusal(
                FieldError("request", line[:80], f"a JSON object on one line ({error})")
            )
        if not isinstance(request, dict):
            return _refusal(FieldError("request", request, "a JSON object"))
        try:
            return {"ok": True, **await self._run(request)}
        except (RequestError, LabError, NetnsError, OSError) as error:
            _log.info("%s refused: %s", request.get("verb"), error)
            return _refusal(error)


def _refusal(error: Exception) -> dict[str, Any]:
    return {"ok": False, "error": str(error) or type(error).__name__}
