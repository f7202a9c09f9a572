# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for libqmi's qmi-proxy: `qmicli -p -d <path>` reaches virtual modems by path.

Each client names a device first (CTL message 0xFF00, TLV 1); what follows goes to that modem.
The path has to exist and be a character device, for qmicli looks at it before it asks us.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from modemlab.modem.modem import Modem
from modemlab.qmi import codec
from modemlab.qmi.errors import Code

NAME = "qmi-proxy"  # abstract socket, so it lives in the network namespace
OPEN = 0xFF00
PATH_TLV = 0x01

Find = Callable[[str], Modem | None]


class _Client(asyncio.Protocol):
    """One program at the proxy."""

    def __init__(self, proxy: QmiProxy) -> None:
        self._proxy = proxy
        self._splitter = codec.FrameSplitter()
        self._transport: asyncio.Transport | None = None
        self.modem: Modem | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._proxy.clients.add(self)

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        self._proxy.clients.discard(self)

    def data_received(self, data: bytes) -> None:
        for frame in self._splitter.feed(data):
            self._frame(frame)

    def send(self, frame: bytes) -> None:
        if self._transport is not None:
            self._transport.write(frame)

    def _frame(self, frame: bytes) -> None:
        try:
            request = codec.decode(frame)
        except codec.BadFrameError:
            return
        if request.service == codec.CTL and request.message == OPEN:
            self._choose(request)
        elif self.modem is not None:
            self.modem.qmi(frame, self.send)

    def _choose(self, request: codec.Request) -> None:
        path = request.tlvs.get(PATH_TLV, b"").decode("utf-8", "replace")
        self.modem = self._proxy.choose(path)
        error = 0 if self.modem else Code.INVALID_ARGUMENT
        self.send(codec.encode(codec.CTL, 0, codec.RESPONSE, request.transaction, OPEN,
                               [codec.result(error)]))  # fmt: skip


class QmiProxy:
    """The proxy; `find` gives the modem behind a device path, None when there is none."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._server: asyncio.Server | None = None
        self.clients: set[_Client] = set()

    async def start(self, name: str = NAME) -> None:
        """Listen. Raises OSError when a proxy runs in this network namespace already."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(lambda: _Client(self), f"\0{name}")

    def stop(self) -> None:
        """Stop listening; open connections end with their programs."""
        if self._server is not None:
            self._server.close()

    def choose(self, path: str) -> Modem | None:
        """The modem behind `path`; from now on its indications come through here."""
        modem = self._find(path)
        if modem is not None:
            modem.on_qmi = lambda frame: self._spread(modem, frame)
        return modem

    def _spread(self, modem: Modem, frame: bytes) -> None:
        """An indication to every program at this modem; each knows its own client ids."""
        for client in list(self.clients):
            if client.modem is modem:
                client.send(frame)
