# SPDX-License-Identifier: GPL-3.0-or-later
"""Which numbered rows were seen. A number is given before its commit, so 7 may come after 8."""

from __future__ import annotations

from collections.abc import Collection

LATE_S = 30.0  # a commit that is later than this is found by nobody: statements end after 6 s
MOST_MISSED = 1_000  # after a restore the numbers jump


class Cursor:
    """`after` is the highest number seen; `missed` those below it that may still come."""

    def __init__(self, after: int) -> None:
        self.after = after
        self._missed: dict[int, float] = {}

    def missed(self, now: float) -> list[int]:
        """Numbers that were skipped not long ago; now in seconds of a monotonic clock."""
        self._missed = {n: due for n, due in self._missed.items() if due > now}
        return sorted(self._missed)

    def took(self, numbers: Collection[int], now: float) -> None:
        """These were read."""
        for number in numbers:
            self._missed.pop(number, None)
        top = max(numbers, default=self.after)
        if top > self.after:
            first = max(self.after + 1, top - MOST_MISSED)
            fresh = set(range(first, top)) - set(numbers)
            self._missed |= dict.fromkeys(fresh, now + LATE_S)
            self.after = top
