# SPDX-License-Identifier: GPL-3.0-or-later
"""How often each step was taken lately: per modem and step, and all resets of the farm. Pure."""

from __future__ import annotations

from collections import defaultdict

from .ladder import RESETS, RUNGS, Step

HOUR_S = 3_600.0
DAY_S = 86_400.0
# A farm in which more modems than this want to leave the bus has another trouble than its modems.
RESETS_PER_HOUR = 10


class Budget:
    """Times are seconds of one monotonic clock; what came from the registry may be negative."""

    def __init__(self) -> None:
        self._taken: dict[tuple[str, Step], list[float]] = defaultdict(list)

    def spend(self, serial: str, step: Step, at: float) -> None:
        """A step was taken."""
        self._taken[serial, step].append(at)

    def give_back(self, serial: str, step: Step) -> None:
        """The last one of these was not taken after all."""
        if taken := self._taken[serial, step]:
            taken.pop()

    def allows(self, serial: str, step: Step, now: float) -> bool:
        """True when the modem may have this step now."""
        rung = RUNGS[step]
        taken = self._taken[serial, step] = [
            at for at in self._taken[serial, step] if now - at < DAY_S
        ]
        hourly = sum(now - at < HOUR_S for at in taken)
        return hourly < rung.hourly and len(taken) < rung.daily

    def allows_reset(self, now: float) -> bool:
        """True when the farm may reset one more modem now."""
        recent = (
            at
            for (_, step), taken in self._taken.items()
            if step in RESETS
            for at in taken
            if now - at < HOUR_S
        )
        return sum(1 for _ in recent) < RESETS_PER_HOUR
