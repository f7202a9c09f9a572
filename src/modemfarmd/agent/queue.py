# SPDX-License-Identifier: GPL-3.0-or-later
"""A set of keys to look at: de-duplicated, debounced, each key with its own back-off.

An event only names a key; whoever takes the key re-reads everything. Not thread-safe: the worker
owns it. Times are seconds of a monotonic clock.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

WINDOW_S = 2.0  # quiet time after the last event of a key: enumeration sends bursts of 40 events
LONGEST_S = 10.0  # a key that never gets quiet is looked at this often
RETRY_FIRST_S = 2.0
RETRY_LONGEST_S = 60.0
JITTER = 0.2
# Quick releases are for devices that behave: the n-th within the memory waits at least this long
# after the one before. Four are free, so that plug, unplug and replug by hand are not slowed.
PACE_S = (0.0, 0.0, 0.0, 0.0, 5.0, 10.0, 15.0, 20.0)
PACE_MEMORY_S = 30.0


@dataclass
class _Entry:
    first: float
    last: float
    settled: bool = False
    not_before: float = 0.0


@dataclass
class _History:
    attempts: int = 0
    releases: deque[float] = field(default_factory=lambda: deque(maxlen=len(PACE_S)))


class KeyQueue:
    """Keys wait here until they are due, are taken, and are done."""

    def __init__(
        self,
        clock: Callable[[], float],
        window: float = WINDOW_S,
        longest: float = LONGEST_S,
        spread: Callable[[float, float], float] = random.uniform,
        pace: Sequence[float] = PACE_S,
    ) -> None:
        self._clock = clock
        self._window = window
        self._longest = longest
        self._spread = spread
        self._pace = pace
        self._entries: dict[str, _Entry] = {}
        self._processing: set[str] = set()
        self._history: dict[str, _History] = {}

    def __len__(self) -> int:
        return len(self.busy())

    def busy(self) -> set[str]:
        """All keys that wait or are being processed."""
        return self._entries.keys() | self._processing

    def add(self, key: str) -> None:
        """Something happened to `key`: due when it has been quiet for the window."""
        now = self._clock()
        entry = self._entries.get(key)
        if entry is None:
            self._entries[key] = _Entry(now, now)
        elif entry.not_before > now:
            # News end a back-off, but it starts a debounce of its own.
            self._entries[key] = _Entry(now, now)
        else:
            entry.last = now

    def settle(self, key: str) -> None:
        """`key` needs no further quiet: due at once, unless it has been released too often."""
        entry = self._entries.get(key)
        if entry is None or entry.settled:
            return
        releases = self._recent(key)
        gap = self._pace[min(len(releases), len(self._pace) - 1)]
        entry.settled = True
        entry.not_before = max(entry.not_before, releases[-1] + gap if releases else 0.0)

    def retry(self, key: str, longest: float = RETRY_LONGEST_S) -> float:
        """Look at `key` again after its back-off; the seconds until then."""
        history = self._history.setdefault(key, _History())
        delay = min(longest, RETRY_FIRST_S * 2.0 ** min(history.attempts, 16))
        delay *= 1.0 + self._spread(-JITTER, JITTER)
        history.attempts += 1
        if key not in self._entries:  # news that wait already come sooner than any back-off
            now = self._clock()
            self._entries[key] = _Entry(now, now, settled=True, not_before=now + delay)
        return delay

    def forgive(self, key: str) -> None:
        """The key went well: its next back-off starts small again."""
        if key in self._history:
            self._history[key].attempts = 0

    def attempts(self, key: str) -> int:
        """How often `key` has been retried since it last went well."""
        history = self._history.get(key)
        return history.attempts if history else 0

    def due(self) -> dict[str, float]:
        """The keys that may be taken now, oldest first, with the time since when."""
        now = self._clock()
        found = {
            key: self._due(entry)
            for key, entry in self._entries.items()
            if key not in self._processing and self._due(entry) <= now
        }
        return dict(sorted(found.items(), key=lambda item: item[1]))

    def take(self, only: Collection[str] | None = None) -> list[str]:
        """All due keys (of `only`), oldest first. The caller owes a `done` for each of them."""
        now = self._clock()
        taken = [key for key in self.due() if only is None or key in only]
        for key in taken:
            del self._entries[key]
            self._processing.add(key)
            self._history.setdefault(key, _History()).releases.append(now)
        return taken

    def done(self, key: str) -> None:
        """The key may be taken again."""
        self._processing.discard(key)

    def discard(self, key: str) -> None:
        """Forget the key and its history."""
        self._entries.pop(key, None)
        self._history.pop(key, None)

    def oldest(self) -> float | None:
        """Seconds since the key that waits longest was added; None when none waits."""
        first = min((entry.first for entry in self._entries.values()), default=None)
        return None if first is None else self._clock() - first

    def wait(self, without: Collection[str] = ()) -> float | None:
        """Seconds until a key becomes due (0 when one is); None when nothing waits."""
        waiting = (
            self._due(entry)
            for key, entry in self._entries.items()
            if key not in self._processing and key not in without
        )
        first = min(waiting, default=None)
        return None if first is None else max(0.0, first - self._clock())

    def _due(self, entry: _Entry) -> float:
        if entry.settled:
            return max(entry.not_before, entry.first)
        return min(entry.last + self._window, entry.first + self._longest)

    def _recent(self, key: str) -> list[float]:
        now = self._clock()
        history = self._history.get(key)
        return [t for t in history.releases if now - t < PACE_MEMORY_S] if history else []
