# SPDX-License-Identifier: GPL-3.0-or-later
"""Hub and feed of an app. The feed begins with the first who wants to see something."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from .codes import Close
from .feed import Feed
from .hub import Hub

READY_S = 8.0  # two reads of a farm take a tenth of a second; a server that hangs is told after 8 s
END_S = 5.0


class Live:
    """Nothing is connected before `begin`."""

    def __init__(self, dsn: str, now: Callable[[], datetime]) -> None:
        self._dsn = dsn
        self._now = now
        self._lock = threading.Lock()
        self._feed: Feed | None = None
        self.hub = Hub()

    def begin(self) -> bool:
        """Have it running, and wait for its first read; False when that did not come in time."""
        with self._lock:
            if self._feed is None:
                self._feed = Feed(self._dsn, self.hub, self._now)
                self._feed.start()
            feed = self._feed
        return feed.ready.wait(READY_S)

    def close(self) -> None:
        """Say goodbye to the clients and end the feed."""
        for client in self.hub.clients():
            client.close(Close.GOING_AWAY, "the API ends")
        with self._lock:
            feed, self._feed = self._feed, None
        if feed is not None:
            feed.stop()
            feed.join(END_S)
