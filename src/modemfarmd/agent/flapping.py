# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices that come and go too often: their path is barred until it has been quiet. Pure.

A loose plug or a weak supply must cost its neighbours nothing: no applies, no questions.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

MOST = 5  # arrivals within WINDOW_S; plug, unplug and replug by hand are two or three
WINDOW_S = 300.0
QUIET_S = 300.0


class Flapping:
    """Counts arrivals per USB path; times are seconds of a monotonic clock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._arrivals: dict[str, deque[float]] = {}
        self._barred: dict[str, str] = {}

    def barred(self, path: str) -> str | None:
        """Why nothing is done about the path; None when it is as others are."""
        return self._barred.get(path)

    def arrived(self, path: str) -> bool:
        """A device appeared; True when its path is barred from now on."""
        now = self._clock()
        times = self._arrivals.setdefault(path, deque(maxlen=MOST + 1))
        times.append(now)
        if path in self._barred or len(times) <= MOST or now - times[0] > WINDOW_S:
            return False
        self._barred[path] = f"it came {len(times)} times within {now - times[0]:.0f} s at {path}"
        return True

    def forget(self, path: str) -> None:
        """The arrivals so far were not one device that flaps: another one sits there now."""
        if path not in self._barred:
            self._arrivals.pop(path, None)

    def released(self) -> list[str]:
        """The paths that have been quiet for long enough; each is told once."""
        now = self._clock()
        quiet = [path for path in self._barred if now - self._arrivals[path][-1] >= QUIET_S]
        for path in quiet:
            del self._barred[path], self._arrivals[path]
        return quiet

    def wait(self) -> float | None:
        """Seconds until a path may be released; None when none is barred."""
        last = min((self._arrivals[path][-1] for path in self._barred), default=None)
        return None if last is None else max(0.0, last + QUIET_S - self._clock())
