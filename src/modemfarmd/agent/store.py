# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything the agent writes to the registry, kept until it is written.

While the database is away nothing is lost and nobody waits: observations and outcomes are kept
per modem (the newest one is the truth), events in the order they happened. What is said to modems
goes another way: through the spool, see intake.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from typing import Protocol, TypeVar

import psycopg2

from modemfarm.hold import Hold

from ..errors import DatabaseGoneError, SchemaError, SlotRaceError, SlotsExhaustedError
from ..registry.db import Row, backoff
from ..registry.model import Event, Observation, Outcome, Place
from ..registry.modems import Registry

log = logging.getLogger(__name__)
_T = TypeVar("_T")

EVENTS_KEPT = 10_000  # a farm of 30 makes about 100 an hour
EVENTS_AT_ONCE = 500  # of one flush: all that an outage has left would keep the worker for long
HOLDS_KEPT = 1_000  # placed by hand; beyond it the snapshot still has the last of each modem
# Besides a server that is away: a table without its rights, a page that a power cut left behind.
UNUSABLE = (DatabaseGoneError, SchemaError, psycopg2.Error)


@dataclass(frozen=True)
class Radio:
    """Signal in dBm, operator and registration of one modem; LTE has the last three as well."""

    serial: str
    signal: int | None
    operator: str | None
    registration: str | None
    rsrp_dbm: int | None = None
    rsrq_db: int | None = None
    sinr_db: float | None = None


class HoldBook(Protocol):
    """What is needed of registry.holds.HoldBook."""

    def active(self, now: datetime) -> dict[str, Hold]:
        """What is held."""

    def place(self, serial: str, hold: Hold) -> None:
        """Keep a hold."""

    def release(self, serial: str, by: str) -> bool:
        """End the hold of a modem."""


class Witness(Protocol):
    """What is needed of agent.chronicle.Ledger."""

    def observed(self, seen: Observation) -> None:
        """A modem was looked at."""

    def ended(self, outcome: Outcome) -> None:
        """An apply or a probe ended."""

    def sampled(self, radio: Radio) -> None:
        """A modem was asked for its signal."""


class Store:
    """Takes what is to be written, writes it in `flush`. Owned by the worker's thread.

    `gate` is called before each use: SchemaError keeps us from a database that is not ours.
    """

    def __init__(
        self,
        registry: Registry,
        clock: Callable[[], float],
        busy_slots: Callable[[], Collection[int]] = tuple,
        book: HoldBook | None = None,
        gate: Callable[[], None] = lambda: None,
        witness: Witness | None = None,
    ) -> None:
        self._registry = registry
        self._book = book
        self._gate = gate
        self._witness = witness
        self._holds: deque[tuple[str, Hold | None, str]] = deque(maxlen=HOLDS_KEPT)
        self._clock = clock
        self._busy_slots = busy_slots
        self._observations: dict[str, Observation] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._radio: dict[str, Radio] = {}
        self._quotas: dict[str, str | None] = {}
        self._events: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self._failures = 0
        self._next_try = 0.0
        self.refused: dict[str, SlotsExhaustedError] = {}

    @property
    def reachable(self) -> bool:
        """False after the last try to use the database failed."""
        return self._failures == 0

    @property
    def backend(self) -> int | None:
        """The server's process that serves this store."""
        return self._registry.database.backend

    def rows(self) -> list[Row] | None:
        """The registry's rows of this host, None while the database is away."""
        try:
            self._gate()
            rows = self._registry.modems()
        except UNUSABLE as error:
            self._lost(error)
            return None
        self._found()
        return rows

    def active_holds(self, now: datetime) -> dict[str, Hold] | None:
        """What the registry says is held, None while the database is away."""
        if self._book is None:
            return {}
        try:
            self._gate()
            return self._book.active(now)
        except UNUSABLE as error:
            self._lost(error)
            return None

    def observe(self, seen: Observation) -> None:
        """Keep an observation to be written; it replaces an older one."""
        self._observations[seen.serial] = seen
        if self._witness is not None:
            self._witness.observed(seen)

    def outcome(self, outcome: Outcome) -> None:
        """Keep an outcome to be written; it replaces an older one."""
        self._outcomes[outcome.serial] = outcome
        if self._witness is not None:
            self._witness.ended(outcome)

    def hold(self, serial: str, hold: Hold | None, by: str) -> None:
        """Keep a hold that was placed, or with None one that was released."""
        if self._book is not None:
            self._holds.append((serial, hold, by))

    def radio(self, radio: Radio) -> None:
        """Keep radio values to be written."""
        self._radio[radio.serial] = radio
        if self._witness is not None:
            self._witness.sampled(radio)

    def quota(self, serial: str, state: str | None) -> None:
        """Keep to be written which limit of its volume a modem has used up."""
        self._quotas[serial] = state

    def event(self, kind: str, serial: str | None = None, **detail: object) -> None:
        """Keep an event to be written, and log it."""
        log.info("event %s %s %s", kind, serial or "-", detail)
        self._events.append(Event(kind, serial, dict(detail)))

    def drop(self, serial: str) -> None:
        """Forget what is kept for a modem that an administrator has forgotten."""
        for kept in (self._observations, self._outcomes, self._radio, self._quotas, self.refused):
            kept.pop(serial, None)

    def wait(self) -> float | None:
        """Seconds until `flush` has something to do; None when there is nothing to write."""
        if not self.pending:
            return None
        return max(0.0, self._next_try - self._clock())

    def flush(self) -> dict[str, Place]:
        """Write what is kept, unless the database is away and its back-off runs.

        Returns the places of the modems whose observations were written.
        """
        places: dict[str, Place] = {}
        if not self.pending or self._clock() < self._next_try:
            return places
        try:
            self._gate()
            written = self._write_observations(places)
            self._write_rest()
        except UNUSABLE as error:
            self._lost(error)
            return {}
        for serial in written:
            self._observations.pop(serial, None)
        self._found()
        if self._observations:  # a slot was not to be had beside rivals: they go first
            self._next_try = self._clock() + backoff(0)
        return places

    @property
    def pending(self) -> int:
        """How many things are kept to be written."""
        kept = (
            self._observations, self._outcomes, self._radio, self._quotas, self._events,
            self._holds,
        )  # fmt: skip
        return sum(len(one) for one in kept)

    def _write_observations(self, places: dict[str, Place]) -> list[str]:
        """Fill `places`; returns the serials that need not be kept."""
        if not self._observations:
            return []
        busy = self._busy_slots()
        written = []
        with self._registry.database.transaction():
            for serial, seen in self._observations.items():
                try:
                    places[serial] = self._registry.upsert(seen, busy)
                    self.refused.pop(serial, None)
                except SlotsExhaustedError as error:
                    self._refuse(serial, error)
                except SlotRaceError as error:
                    log.warning("%s", error)
                    continue  # stays kept: the next flush tries again
                except psycopg2.Error as error:
                    log.error("the row of %s is refused: %s", serial, error)
                written.append(serial)
        return written

    def _refuse(self, serial: str, error: SlotsExhaustedError) -> None:
        if serial not in self.refused:
            log.error("%s", error)
            self.event("slots-exhausted", serial, reason=error.message)
        self.refused[serial] = error

    def _write_rest(self) -> None:
        radio = list(self._radio.values())
        events = list(islice(self._events, EVENTS_AT_ONCE))
        self._write(self._registry.record, list(self._outcomes.values()))
        self._write(self._registry.record_radio, [asdict(values) for values in radio])
        self._write(self._registry.set_quotas, list(self._quotas.items()))
        self._write(self._registry.add_events, events)
        for _ in events:
            self._events.popleft()
        self._write_holds()
        for kept in (self._outcomes, self._radio, self._quotas):
            kept.clear()

    def _write_holds(self) -> None:
        while self._holds and self._book is not None:
            serial, hold, by = self._holds[0]
            try:
                if hold is None:
                    self._book.release(serial, by)
                else:
                    self._book.place(serial, hold)
            except psycopg2.Error as error:
                log.error("the hold of %s is refused: %s", serial, error)
            self._holds.popleft()

    def _write(self, write: Callable[[list[_T]], None], batch: list[_T]) -> None:
        """Write a batch. One that PostgreSQL refuses would be refused for ever: it is dropped."""
        try:
            if batch:
                write(batch)
        except psycopg2.Error as error:
            log.error("%d rows are refused: %s", len(batch), error)

    def _lost(self, error: Exception) -> None:
        if self._failures == 0:
            log.warning("%s; going on from what is known", str(error).strip())
        self._next_try = self._clock() + backoff(self._failures)
        self._failures += 1

    def _found(self) -> None:
        if self._failures:
            log.info("the database is back")
        self._failures = 0
        self._next_try = 0.0
