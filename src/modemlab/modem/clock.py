# SPDX-License-Identifier: GPL-3.0-or-later
"""Time as the modem sees it, so tests can move it by hand."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """What `Clock.later` gives back; asyncio.TimerHandle is one."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """A source of seconds and of delayed calls."""

    def now(self) -> float: ...

    def later(self, seconds: float, call: Callable[[], None]) -> Timer: ...


class LoopClock:
    """The clock of the running asyncio loop; `later` needs one, `now` does not."""

    def now(self) -> float:
        return time.monotonic()

    def later(self, seconds: float, call: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_later(seconds, call)


class ManualClock:
    """A clock that moves only when told; scenarios and tests run in no time with it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._timers: list[ManualTimer] = []

    def now(self) -> float:
        return self.seconds

    def later(self, seconds: float, call: Callable[[], None]) -> Timer:
        timer = ManualTimer(self.seconds + seconds, call)
        self._timers.append(timer)
        return timer

    def advance(self, seconds: float) -> None:
        """Move on and make the calls that fall due, in their order."""
        end = self.seconds + seconds
        while due := [timer for timer in self._timers if timer.at <= end and not timer.cancelled]:
            timer = min(due, key=lambda one: one.at)
            self._timers.remove(timer)
            self.seconds = timer.at
            timer.call()
        self.seconds = end


class ManualTimer:
    """A call that waits for `ManualClock.advance`."""

    def __init__(self, at: float, call: Callable[[], None]) -> None:
        self.at = at
        self.call = call
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True
