# SPDX-License-Identifier: GPL-3.0-or-later
"""Repairs on their way to the registry, and once, at the start, those of the last day from it.

Budgets outlive the agent by this. While the database is away both wait.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from ..registry.repairs import Repair, RepairBook

DAY = timedelta(days=1)  # the longest budget
KEPT = 1_000  # of the farm's own limits a week's worth


class RepairLog:
    """`add` from the worker's thread, `turn` from the one that has the database."""

    def __init__(
        self, book: RepairBook, now: Callable[[], datetime], past: Callable[[list[Repair]], None]
    ) -> None:
        self._book = book
        self._now = now
        self._past = past
        self._began = now()
        self._read = False
        self._waiting: deque[Repair] = deque(maxlen=KEPT)

    def add(self, repair: Repair) -> None:
        """Keep it to be written."""
        self._waiting.append(repair)

    def turn(self) -> None:
        """Read what was before us, once, and write what waits. DatabaseGoneError."""
        if not self._read:
            since = self._book.recent(self._began - DAY)
            self._past([repair for repair in since if repair.began < self._began])
            self._read = True
        batch = list(self._waiting)
        if batch:
            self._book.record(batch)
        for _ in batch:
            self._waiting.popleft()
