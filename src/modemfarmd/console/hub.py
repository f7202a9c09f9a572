# SPDX-License-Identifier: GPL-3.0-or-later
"""What the feed read, for the pages that are open. Lives in the event loop's thread only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from ..api.accounts.principal import Principal
from ..registry.db import Row
from .feed import News

Rows = dict[str, dict[str, Any]]


class Watcher:
    """A page. It gets of the modems only those that its user may see."""

    def __init__(
        self,
        who: Principal,
        on_rows: Callable[[Rows, list[str]], None],
        on_state: Callable[[], None],
    ) -> None:
        self.who = who
        self.on_rows = on_rows
        self.on_state = on_state


class Hub:
    """The newest rows, and who wants to know when they change."""

    def __init__(self) -> None:
        self._rows: Rows = {}
        self.hosts: tuple[Row, ...] = ()
        self.read_at: datetime | None = None
        self.problem = "nothing was read yet"
        self._watchers: set[Watcher] = set()

    def rows(self, who: Principal) -> list[dict[str, Any]]:
        """Of all modems that he may see, by host and slot."""
        found = [row for serial, row in self._rows.items() if who.may_see(serial)]
        return sorted(found, key=lambda row: (row["host"], row["slot"]))

    def row(self, who: Principal, serial: str) -> dict[str, Any] | None:
        """Of one modem."""
        return self._rows.get(serial) if who.may_see(serial) else None

    def add(self, watcher: Watcher) -> None:
        """It is told of all that comes from now on."""
        self._watchers.add(watcher)

    def remove(self, watcher: Watcher) -> None:
        """It is told nothing any more."""
        self._watchers.discard(watcher)

    def take(self, news: News) -> None:
        """Keep it and pass it on."""
        for serial, fields in news.changed.items():
            self._rows[serial] = {**self._rows.get(serial, {}), **fields}
        for serial in news.gone:
            self._rows.pop(serial, None)
        self.hosts, self.read_at, self.problem = news.hosts, news.read_at, news.problem
        for watcher in tuple(self._watchers):
            changed = {s: f for s, f in news.changed.items() if watcher.who.may_see(s)}
            gone = [serial for serial in news.gone if watcher.who.may_see(serial)]
            if changed or gone:
                watcher.on_rows(changed, gone)
            watcher.on_state()
