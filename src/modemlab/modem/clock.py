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
