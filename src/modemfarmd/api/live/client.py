# SPDX-License-Identifier: GPL-3.0-or-later
"""One WebSocket's side of the hub: a bounded queue that any thread fills and its loop empties."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque

from .change import View
from .codes import Close

MOST_QUEUED = 1_000  # messages; with 30 modems that change each second it is half a minute
MOST_BYTES = 1024 * 1024


class Client:
    """Made in the loop that serves the socket."""

    def __init__(self, view: View) -> None:
        self.view = view
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._lock = threading.Lock()
        self._queue: deque[str] = deque()
        self._bytes = 0
        self.end: tuple[Close, str] | None = None

    def offer(self, texts: list[str]) -> None:
        """Queue them, or give the client up when it is too far behind."""
        with self._lock:
            if self.end is not None:
                return
            self._queue.extend(texts)
            self._bytes += sum(map(len, texts))
            slow = len(self._queue) > MOST_QUEUED or self._bytes > MOST_BYTES
        if slow:
            self.close(Close.SLOW, "the client does not read as fast as things change")
        else:
            self._stir()

    def close(self, code: Close, reason: str) -> None:
        """Nothing more is sent; the first reason counts."""
        with self._lock:
            if self.end is None:
                self.end = (code, reason)
                self._queue.clear()
                self._bytes = 0
        self._stir()

    def take(self) -> str | None:
        """The next text, if there is one."""
        with self._lock:
            if not self._queue:
                return None
            text = self._queue.popleft()
            self._bytes -= len(text)
            return text

    @property
    def idle(self) -> bool:
        """Nothing waits to be sent."""
        return not self._queue

    async def wait(self, seconds: float) -> None:
        """Until there is something, at most that long."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), max(0.0, seconds))
        self._wake.clear()

    def _stir(self) -> None:
        with contextlib.suppress(RuntimeError):  # its loop has ended
            self._loop.call_soon_threadsafe(self._wake.set)
