# SPDX-License-Identifier: GPL-3.0-or-later
"""Has single repair steps done by the root helper, one per modem at a time.

Which step is due, and whether one may be tried at all, is decided elsewhere. Runs in the worker's
thread; only the call to the apply service happens in threads of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ..errors import ApplyError
from .applier import Applier
from .farm import Farm
from .inbox import Inbox, Task
from .store import Store

log = logging.getLogger(__name__)

PARALLEL = 2  # each may restart a modem; a hub must not see all of them start at once


@dataclass(frozen=True)
class Order:
    """One step on one modem, and why."""

    serial: str
    step: str
    cause: str


class Repaired(Protocol):
    """What the apply service says of a step (agent.client.Repaired)."""

    @property
    def error(self) -> str | None:
        """Why it failed, None when it was done."""


Ended = Callable[[Order, "Repaired | ApplyError"], None]


class Repairs:
    """`order` begins a step; `ended`, set by whoever orders, is called in the worker's thread."""

    def __init__(
        self,
        farm: Farm,
        store: Store,
        inbox: Inbox,
        applier: Applier,
        request: Callable[[str, str], Repaired],
        spawn: Callable[[Task], None],
        now: Callable[[], datetime],
    ) -> None:
        self._farm = farm
        self._store = store
        self._inbox = inbox
        self._applier = applier
        self._request = request
        self._spawn = spawn
        self._now = now
        self._running: dict[str, tuple[Order, Ended | None]] = {}
        self.ended: Ended = lambda *_: None

    @property
    def jobs(self) -> int:
        """How many steps are being done."""
        return len(self._running)

    def may(self, serial: str) -> bool:
        """False while the modem is away, held, in quarantine, being applied or repaired."""
        modem = self._farm.modems.get(serial)
        if modem is None or not modem.seen.present or len(self._running) >= PARALLEL:
            return False
        held = modem.hold is not None and modem.hold.active(self._now())
        return not (held or modem.repairing or self._applier.is_applying(serial))

    def order(self, order: Order, ended: Ended | None = None) -> bool:
        """Begin a step; False when it may not be done now. `ended` is told as well."""
        if not self.may(order.serial):
            return False
        if not self._farm.repair_begins(order.serial, order.step, order.cause):
            return False
        self._running[order.serial] = (order, ended)
        self._store.observe(self._farm.modems[order.serial].seen)
        self._store.event("repairing", order.serial, step=order.step, cause=order.cause)
        self._spawn(lambda: self._job(order))
        return True

    def _job(self, order: Order) -> None:
        """In a thread of its own."""
        result: Repaired | ApplyError
        try:
            result = self._request(order.serial, order.step)
        except ApplyError as error:
            result = error
        self._inbox.post(lambda: self._ended(order, result))

    def _ended(self, order: Order, result: Repaired | ApplyError) -> None:
        _, also = self._running.pop(order.serial, (order, None))
        error = result.message if isinstance(result, ApplyError) else result.error
        log.info("%s: %s %s", order.serial, order.step, error or "is done")
        self._farm.repair_ends(order.serial)
        modem = self._farm.modems.get(order.serial)
        if modem is not None:
            self._store.observe(modem.seen)
            self._applier.add([order.serial])
        self.ended(order, result)
        if also is not None:
            also(order, result)
