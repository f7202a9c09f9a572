# SPDX-License-Identifier: GPL-3.0-or-later
"""Has modems applied in batches, a few batches at a time, and takes in how that ended.

Runs in the worker's thread; only the call to the apply service happens in threads of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence

from ..errors import ApplyError
from ..registry.model import Outcome
from .client import Applied
from .farm import Farm
from .inbox import Inbox, Task
from .queue import KeyQueue
from .store import Store

log = logging.getLogger(__name__)

# A start may make two jobs, so there are at most four; never more than five run in parallel,
# and one seat is an operator's own apply.
PARALLEL_JOBS = 3
# Modems that appear together are applied together, but a slow neighbour holds nobody for long.
BATCH_WINDOW_S = 2.0
FAILED_RETRY_LONGEST_S = 300.0  # a person has to act; look again now and then


class Applier:
    """Keys are serials; see the module's text."""

    def __init__(
        self,
        farm: Farm,
        store: Store,
        inbox: Inbox,
        apply: Callable[[Sequence[str]], Applied],
        spawn: Callable[[Task], None],
        clock: Callable[[], float],
    ) -> None:
        self.queue = KeyQueue(clock, window=0.0)
        self._farm = farm
        self._store = store
        self._inbox = inbox
        self._apply = apply
        self._spawn = spawn
        self._clock = clock
        self._jobs = 0

    def wait(self, neighbours_coming: Callable[[], bool]) -> float | None:
        """Seconds until `start` has something to do; None when nothing waits or no seat is free.

        While `neighbours_coming`, due modems wait for them, at most BATCH_WINDOW_S.
        """
        if self._jobs >= PARALLEL_JOBS:
            return None  # a job's end wakes the worker
        oldest = self.queue.oldest_due()
        if oldest is None or not neighbours_coming():
            return self.queue.wait()
        return max(0.0, BATCH_WINDOW_S - (self._clock() - oldest))

    def start(self) -> list[str]:
        """Start jobs for all due modems; their serials.

        What did not work before goes by itself: a job takes as long as its slowest modem.
        """
        taken = self.queue.take()
        ready = [serial for serial in taken if self._has_place(serial)]
        for serial in taken:
            if serial not in ready:
                self.queue.done(serial)
                if serial in self._farm.modems:
                    self.queue.retry(serial)  # no slot yet: the database is away or full
        fresh = [serial for serial in ready if self.queue.attempts(serial) == 0]
        self._start_job(fresh)
        self._start_job([serial for serial in ready if serial not in fresh])
        return ready

    def _start_job(self, serials: list[str]) -> None:
        if serials:
            self._jobs += 1
            log.info("applying %s", " ".join(serials))
            self._spawn(lambda: self._job(serials))

    def _has_place(self, serial: str) -> bool:
        modem = self._farm.modems.get(serial)
        return modem is not None and modem.place is not None

    def _job(self, serials: list[str]) -> None:
        """In a thread of its own: run one apply and post how it ended."""
        try:
            applied = self._apply(serials)
        except ApplyError as error:
            failure = error
            self._inbox.post(lambda: self._failed(serials, failure))
        else:
            self._inbox.post(lambda: self._ended(serials, applied))

    def _failed(self, serials: Iterable[str], error: ApplyError) -> None:
        self._jobs -= 1
        log.warning("apply: %s", error)
        for serial in serials:
            self.queue.done(serial)
            modem = self._farm.modems.get(serial)
            if modem is None:
                continue
            if modem.seen.present:
                self._settle(Outcome(serial, "offline", "waiting", error.message, error.remedy))
            self.queue.retry(serial)

    def _ended(self, serials: Sequence[str], applied: Applied) -> None:
        self._jobs -= 1
        log.info("applied %d in %.1f s: %s", len(serials), applied.seconds, _summary(applied))
        told = {outcome.serial: outcome for outcome in applied.outcomes}
        for serial in serials:
            self.queue.done(serial)
            if serial not in self._farm.modems:
                continue
            outcome = told.get(serial)
            if outcome is None:
                self.queue.retry(serial)
            else:
                self._settle(outcome)
                self._retry_if_unfinished(outcome)

    def _settle(self, outcome: Outcome) -> None:
        before = self._farm.modems[outcome.serial].seen
        if not self._farm.outcome(outcome):
            return  # it came or went meanwhile: its key waits already
        self._store.outcome(outcome)
        if before.state != outcome.state:
            self._store.event(outcome.state, outcome.serial, reason=outcome.reason)

    def _retry_if_unfinished(self, outcome: Outcome) -> None:
        present = self._farm.modems[outcome.serial].seen.present
        if outcome.state == ("serving" if present else "offline"):
            self.queue.forgive(outcome.serial)
        elif outcome.state == "failed":
            self.queue.retry(outcome.serial, FAILED_RETRY_LONGEST_S)
        else:
            self.queue.retry(outcome.serial)


def _summary(applied: Applied) -> str:
    return ", ".join(
        f"{o.serial} {o.state}" + (f" ({o.reason})" if o.reason else "") for o in applied.outcomes
    )
