# SPDX-License-Identifier: GPL-3.0-or-later
"""Has modems applied in batches, a few batches at a time, and takes in how that ended.

Runs in the worker's thread; only the call to the apply service happens in threads of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from ..errors import ApplyError
from ..registry.model import Outcome
from .client import Applied
from .farm import Farm
from .inbox import Inbox, Task
from .queue import KeyQueue
from .states import Patience, State
from .store import Store

log = logging.getLogger(__name__)

# Modems that appear together are applied together, but a slow neighbour holds nobody for long.
BATCH_WINDOW_S = 2.0
# A job reads the state of all services over and over while it waits, so a second one beside it
# costs the first one time: it gathers company before it starts.
COMPANY_WINDOW_S = 4.0
WAITING_JOBS = 2  # jobs for modems that are there: they may wait for minutes
PARALLEL_JOBS = 4  # with those for modems that are gone; the fifth seat is the look for drift
FAILED_RETRY_LONGEST_S = 300.0  # a person has to act; look again now and then
SERVICE_RETRY_LONGEST_S = 20.0  # no modem is to blame, and asking a service that is away is cheap
# Plug and unplug are both served at once; whoever goes on like this waits for the flapping guard.
PACE_S = (0.0, 0.0, 3.0, 5.0, 10.0, 15.0)


class Applier:
    """Keys are serials; see the module's text.

    `ready` says whether root may be told about a modem now: not while its record is not on disk.
    """

    def __init__(
        self,
        farm: Farm,
        store: Store,
        inbox: Inbox,
        apply: Callable[[Sequence[str]], Applied],
        spawn: Callable[[Task], None],
        clock: Callable[[], float],
        ready: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self.queue = KeyQueue(clock, window=0.0, pace=PACE_S)
        self._farm = farm
        self._store = store
        self._inbox = inbox
        self._apply = apply
        self._spawn = spawn
        self._clock = clock
        self._ready = ready
        self._patience = Patience(clock)
        self._applying: set[str] = set()
        self._waiting_jobs = 0
        self.jobs = 0

    def add(self, serials: Iterable[str]) -> None:
        """Have these applied, soon."""
        for serial in serials:
            self.queue.add(serial)
            self.queue.settle(serial)

    def is_applying(self, serial: str) -> bool:
        """True while a job of ours works on it."""
        return serial in self._applying

    def wait(self, neighbours_coming: Callable[[], bool]) -> float | None:
        """Seconds until `start` has something to do; None when nothing waits or no seat is free."""
        return self._next(neighbours_coming)[0]

    def start(self, neighbours_coming: Callable[[], bool]) -> list[str]:
        """Start the job that is due, if one is; its serials."""
        wait, batch = self._next(neighbours_coming)
        if wait != 0.0 or not batch:
            return []
        ready = []
        for serial in self.queue.take(batch):
            modem = self._farm.modems.get(serial)
            if modem is not None and modem.place is not None:
                ready.append(serial)
                continue
            self.queue.done(serial)
            if modem is not None:
                self.queue.retry(serial)  # no slot yet: the database is away or full
        self._start_job(ready)
        return ready

    def _next(self, neighbours_coming: Callable[[], bool]) -> tuple[float | None, list[str]]:
        """The next job and in how many seconds (0 now, None not before something happens).

        What is gone goes first and at once. What did not work before goes by itself: a job takes
        as long as its slowest modem.
        """
        due = self.queue.due()
        barred = {serial for serial in due if not self._may(serial)}
        due = {serial: since for serial, since in due.items() if serial not in barred}
        gone = [serial for serial in due if not self._is_present(serial)]
        if gone and self.jobs < PARALLEL_JOBS:
            return 0.0, gone
        here = [serial for serial in due if serial not in gone]
        if not here:
            return (self.queue.wait(barred) if not gone else None), []
        if self._waiting_jobs >= WAITING_JOBS or self.jobs >= PARALLEL_JOBS:
            return None, []
        fresh = [serial for serial in here if self.queue.attempts(serial) == 0]
        window = 0.0
        if self._waiting_jobs:
            window = COMPANY_WINDOW_S
        elif fresh and neighbours_coming():
            window = BATCH_WINDOW_S
        batch = fresh or here
        waited = self._clock() - min(due[serial] for serial in batch)
        return max(0.0, window - waited), batch

    def _may(self, serial: str) -> bool:
        modem = self._farm.modems.get(serial)
        return self._ready(serial) and not (modem and modem.repairing)

    def _is_present(self, serial: str) -> bool:
        modem = self._farm.modems.get(serial)
        return modem is not None and modem.seen.present

    def _start_job(self, serials: list[str]) -> None:
        if not serials:
            return
        waits = any(self._is_present(serial) for serial in serials)
        self.jobs += 1
        self._waiting_jobs += waits
        self._applying.update(serials)
        log.info("applying %s", " ".join(serials))
        self._spawn(lambda: self._job(serials, waits))

    def _job(self, serials: list[str], waits: bool) -> None:
        """In a thread of its own: run one apply and post how it ended."""
        try:
            applied = self._apply(serials)
        except ApplyError as error:
            failure = error
            self._inbox.post(lambda: self._failed(serials, failure))
        else:
            self._inbox.post(lambda: self._ended(serials, applied))
        self._inbox.post(lambda: self._free(serials, waits))

    def _free(self, serials: Iterable[str], waits: bool) -> None:
        self._applying.difference_update(serials)
        self.jobs -= 1
        self._waiting_jobs -= waits

    def _failed(self, serials: Iterable[str], error: ApplyError) -> None:
        log.warning("apply: %s", error)
        for serial in serials:
            self.queue.done(serial)
            modem = self._farm.modems.get(serial)
            if modem is None:
                continue
            if modem.seen.present:
                self._settle(Outcome(serial, "offline", "waiting", error.message, error.remedy))
            self.queue.retry(serial, SERVICE_RETRY_LONGEST_S)

    def _ended(self, serials: Sequence[str], applied: Applied) -> None:
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
        modem = self._farm.modems[outcome.serial]
        before = modem.seen
        if outcome.state == State.HELD:  # it serves or not, as it did
            outcome = replace(outcome, status=before.status)
        outcome = self._patience.judged(self._farm.explained(outcome))
        if not self._farm.outcome(outcome):
            return  # it came or went meanwhile: its key waits already
        if outcome.state == State.HELD:
            self._store.observe(modem.seen)  # what was known of its address stays
        else:
            self._store.outcome(outcome)
        if before.state != outcome.state:
            self._store.event(outcome.state, outcome.serial, reason=outcome.reason)

    def _retry_if_unfinished(self, outcome: Outcome) -> None:
        modem = self._farm.modems[outcome.serial]
        done = (State.SERVING, State.HELD) if modem.seen.present else (State.ABSENT, State.HELD)
        if outcome.state in done:
            self.queue.forgive(outcome.serial)
        elif modem.state in (State.FAILED, State.DEGRADED):
            self.queue.retry(outcome.serial, FAILED_RETRY_LONGEST_S)
        else:
            self.queue.retry(outcome.serial)


def _summary(applied: Applied) -> str:
    return ", ".join(
        f"{o.serial} {o.state}" + (f" ({o.reason})" if o.reason else "") for o in applied.outcomes
    )
