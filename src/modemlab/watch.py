# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks through many ports again and again, to show that neighbours answer all the while."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from modemlab.request import Answer

FAILURES_KEPT = 100  # the latest of each port
Ask = Callable[[int], Awaitable[Answer]]  # port -> answer


@dataclass(slots=True)
class PortRecord:
    """What one port answered. Times are seconds since the watch began."""

    expect: str | None
    ok: int = 0
    failed: int = 0
    wrong: int = 0
    slowest: float = 0.0
    failures: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=FAILURES_KEPT))

    def add(self, when: float, answer: Answer) -> None:
        """Judge an answer: failed, wrong (not the expected body) or ok.

        Without an expectation the first good answer becomes it.
        """
        if answer.error is not None or answer.status != 200:
            self.failed += 1
            self._keep(when, answer.error or f"status {answer.status}", answer)
            return
        if self.expect is None:
            self.expect = answer.body
        if answer.body != self.expect:
            self.wrong += 1
            self._keep(when, f"wrong answer {answer.body[:100]!r}", answer)
            return
        self.ok += 1
        self.slowest = max(self.slowest, answer.seconds)

    def _keep(self, when: float, reason: str, answer: Answer) -> None:
        self.failures.append(
            {"at": round(when, 3), "reason": reason, "seconds": round(answer.seconds, 3)}
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "ok": self.ok,
            "failed": self.failed,
            "wrong": self.wrong,
            "expect": self.expect,
            "slowest": round(self.slowest, 3),
            "failures": list(self.failures),
        }


class Watch:
    """A running watch over `ports` (port -> expected body, or None for "the first answer")."""

    def __init__(self, ask: Ask, ports: dict[int, str | None], interval: float) -> None:
        self._ask = ask
        self._interval = interval
        self._start = time.monotonic()
        self._records = {port: PortRecord(expect) for port, expect in ports.items()}
        # Spread over the interval: all at once would measure the crowd, not the port.
        step = interval / max(1, len(ports))
        self._tasks = [
            asyncio.create_task(self._run(port, index * step)) for index, port in enumerate(ports)
        ]

    async def _run(self, port: int, offset: float) -> None:
        due = self._start + offset
        while True:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            begun = time.monotonic() - self._start
            self._records[port].add(begun, await self._ask(port))
            # A slow answer delays the next question instead of piling questions up.
            due = max(due + self._interval, time.monotonic())

    async def stop(self) -> dict[str, Any]:
        """End the watch and report; questions under way are given up and not counted."""
        for task in self._tasks:
            task.cancel()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result  # a fault of the watch itself must not pass for "0 failed"
        return self.report()

    def report(self) -> dict[str, Any]:
        """Counts so far, per port and in all."""
        records = self._records
        return {
            "seconds": round(time.monotonic() - self._start, 3),
            "ok_count": sum(r.ok for r in records.values()),
            "failed_count": sum(r.failed for r in records.values()),
            "wrong_count": sum(r.wrong for r in records.values()),
            "ports": {str(port): record.as_dict() for port, record in records.items()},
        }
