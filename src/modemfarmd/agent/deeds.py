# SPDX-License-Identifier: GPL-3.0-or-later
"""What people ask of a modem through the API: one AT command, or one step that restarts it.

Both are asked for in threads of the control socket. A step is begun and ended in the worker's, as
the agent's own steps are; the caller waits for its end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from modemfarm.at.permit import Role
from modemfarm.errors import InvalidValueError, TransientError

from ..errors import ApplyError
from ..registry.repairs import Repair
from .client import Repaired
from .farm import Farm
from .repairs import Order, Repairs

STEP_S = 400.0  # the apply service ends a step by itself after 270 s and lets it unwind

Speak = Callable[[str, str, Role, str, str], dict[str, Any]]


class StepRefusedError(TransientError):
    """The step may not be taken now."""


@dataclass(frozen=True)
class Wish:
    """A step that somebody wants; by and correlation as in modemfarm.caller."""

    serial: str
    step: str
    by: str
    correlation: str
    at: datetime


class Deeds:
    """`speak` sends a command: serial, command, role, by, correlation -> one answer of modem_at."""

    def __init__(
        self,
        farm: Farm,
        repairs: Repairs,
        speak: Speak,
        event: Callable[..., None],
        record: Callable[[Repair], None],
        now: Callable[[], datetime],
    ) -> None:
        self._farm = farm
        self._repairs = repairs
        self.command = speak
        self._event = event
        self._record = record
        self._now = now

    def begin(self, serial: str, step: str, by: str, correlation: str) -> Future[dict[str, Any]]:
        """In the worker's thread: begin it. InvalidValueError, StepRefusedError."""
        self._check(serial)
        wish = Wish(serial, step, by, correlation, self._now())
        future: Future[dict[str, Any]] = Future()
        started = time.monotonic()

        def ended(_: Order, result: Any) -> None:
            self._ended(wish, result, time.monotonic() - started, future)

        if not self._repairs.order(Order(serial, step, f"{by} asked for it"), ended):
            raise StepRefusedError(
                f"modem {serial} is being worked on, or two others are being repaired",
                "wait for the end of it, then try again",
            )
        return future

    def _check(self, serial: str) -> None:
        modem = self._farm.modems.get(serial)
        if modem is None:
            raise InvalidValueError("serial", serial, "a modem of this host")
        if not modem.seen.present:
            raise StepRefusedError(f"modem {serial} is not plugged in", "plug it in")
        if modem.hold is not None and modem.hold.active(self._now()):
            raise StepRefusedError(
                f"modem {serial} is {modem.hold}", f"wait, or `modemfarm release {serial}`"
            )

    def _ended(
        self, wish: Wish, result: Repaired | ApplyError, seconds: float, future: Future[Any]
    ) -> None:
        error = result.message if isinstance(result, ApplyError) else result.error
        detail = {"step": wish.step, "cause": f"{wish.by} asked for it",
                  "correlation": wish.correlation}  # fmt: skip
        if error is None:
            self._event("repair", wish.serial, **detail)
            future.set_result({"serial": wish.serial, "step": wish.step, "seconds": seconds})
        else:
            self._event("repair-failed", wish.serial, **detail, reason=error)
            future.set_exception(
                StepRefusedError(
                    f"{wish.step} failed: {error}", "look at the modem's log, try again"
                )
            )
        looked = None if isinstance(result, ApplyError) else result
        self._record(
            Repair(
                wish.serial,
                wish.step,
                detail["cause"],
                wish.at,
                max(wish.at, self._now()),
                "done" if error is None else "failed",
                {"by": wish.by, "correlation": wish.correlation}
                | ({"error": error} if error else {}),
                getattr(looked, "before", None),
                getattr(looked, "after", None),
            )
        )
