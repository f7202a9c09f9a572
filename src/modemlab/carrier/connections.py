# SPDX-License-Identifier: GPL-3.0-or-later
"""The open connections of a server, so that its end need not wait for its callers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Connections:
    """Each handler holds its writer in here; `abort` ends them all, and those still to come.

    Without that, `Server.wait_closed` (since Python 3.12) waits as long as the slowest caller.
    """

    def __init__(self) -> None:
        self._open: set[asyncio.StreamWriter] = set()
        self._ended = False

    @contextlib.asynccontextmanager
    async def hold(self, writer: asyncio.StreamWriter) -> AsyncIterator[None]:
        """Keep `writer` for the time of a handler, and close it afterwards."""
        if self._ended:  # accepted before the end, started after it
            writer.transport.abort()
        self._open.add(writer)
        try:
            yield
        finally:
            self._open.discard(writer)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def abort(self) -> None:
        """End all connections at once, half-sent answers included."""
        self._ended = True
        for writer in list(self._open):
            writer.transport.abort()
