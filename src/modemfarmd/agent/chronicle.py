# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen of modems over time goes to the registry's history, from a thread and over a
connection of its own; so do this host's sign of life and the turn of old rows.

A history is no state: the newest is in the modems' rows, and too much of it waiting is dropped.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from importlib.metadata import version
from typing import TypeVar

import psycopg2

from ..errors import DatabaseGoneError, SchemaError
from ..registry.db import Database, backoff
from ..registry.history import BearerSpan, History, PlaceSpan, Sample, SimSpan
from ..registry.hosts import HostBook
from ..registry.model import Observation, Outcome
from ..registry.retention import Keep, Retention
from ..registry.volumes import Volume, VolumeBook
from .schema_gate import SchemaGate
from .states import State
from .store import Radio

log = logging.getLogger(__name__)
_T = TypeVar("_T")
Span = BearerSpan | SimSpan | PlaceSpan

WRITE_S = 15.0  # samples of thirty modems come every 30 s
LIFE_S = 60.0
RETENTION_S = 3_600.0
SAMPLES_KEPT = 30_000  # eight hours of thirty modems
SPANS_KEPT = 10_000
BATCH = 1_000  # rows of one transaction


class Ledger:
    """Takes in what was seen, from the worker's thread; says each thing once."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._told: dict[tuple[type, str], object] = {}
        self._interfaces: dict[str, str | None] = {}
        self.samples: deque[Sample] = deque(maxlen=SAMPLES_KEPT)
        self.spans: deque[Span] = deque(maxlen=SPANS_KEPT)
        self._volumes: dict[tuple[str, date], Volume] = {}
        self._volumes_lock = threading.Lock()

    def moved(self, volumes: Iterable[Volume]) -> None:
        """The newest numbers of days."""
        with self._volumes_lock:
            self._volumes |= {(one.serial, one.day): one for one in volumes}

    def take_volumes(self) -> list[Volume]:
        """What has come since the last call; from any thread."""
        with self._volumes_lock:
            taken = list(self._volumes.values())
            self._volumes = {}
            return taken

    def put_back(self, volumes: Iterable[Volume]) -> None:
        """What could not be written; newer numbers stay."""
        with self._volumes_lock:
            self._volumes = {(one.serial, one.day): one for one in volumes} | self._volumes

    def sampled(self, radio: Radio) -> None:
        """One look at a modem's signal."""
        sample = Sample(
            radio.serial,
            self._now(),
            rssi_dbm=radio.signal,
            rsrp_dbm=radio.rsrp_dbm,
            rsrq_db=radio.rsrq_db,
            sinr_db=radio.sinr_db,
            registration=radio.registration,
            operator=radio.operator,
        )
        self.samples.append(sample)

    def observed(self, seen: Observation) -> None:
        """Where a modem is, and with which SIM."""
        now, serial = self._now(), seen.serial
        self._interfaces[serial] = seen.interface
        self._span(PlaceSpan(serial, seen.usb_path if seen.present else None, now), seen.present)
        if seen.present:  # an unplugged modem keeps its SIM
            self._span(SimSpan(serial, seen.iccid, seen.imsi, now), (seen.iccid, seen.imsi))
        else:
            self._span(BearerSpan(serial, None, None, now), None)

    def ended(self, outcome: Outcome) -> None:
        """Whether a modem has an address, and which."""
        interface = outcome.interface or self._interfaces.get(outcome.serial)
        address = outcome.wan_address if interface else None
        if address is None and outcome.state in (State.DEGRADED, State.HELD):
            return  # it may have one still
        span = BearerSpan(outcome.serial, interface if address else None, address, self._now())
        self._span(span, (span.interface, address))

    def _span(self, span: Span, value: object) -> None:
        if isinstance(span, PlaceSpan):
            value = span.usb_path
        key = (type(span), span.serial)
        if self._told.get(key, ...) != value:
            self._told[key] = value
            self.spans.append(span)


class Chronicle(threading.Thread):
    """Writes what the ledger holds until stopped."""

    def __init__(
        self, database: Database, host: str, ledger: Ledger, stop: threading.Event,
        keep: Keep | None = None, also: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        super().__init__(name="chronicle", daemon=True)
        self._ledger = ledger
        self._also = also
        self._stop_event = stop
        self._gate = SchemaGate(database)
        self._history = History(database, host)
        self._volumes = VolumeBook(database, host)
        self._hosts = HostBook(database, host)
        self._retention = Retention(database, keep or Keep())
        self._version = version("modemfarm")
        self._life_due = self._retention_due = 0.0
        self._failures = 0

    def run(self) -> None:
        """Write until stopped; what cannot be written waits."""
        wait = 0.0
        while not self._stop_event.wait(wait):
            wait = self.turn()

    def turn(self) -> float:
        """One round; the seconds until the next."""
        refused = False
        try:
            self._gate()
            for part in (self._also, self._write, self._keep_up):
                refused |= self._is_refused(part)
        except (DatabaseGoneError, SchemaError) as error:
            log.log(logging.DEBUG if self._failures else logging.WARNING, "history: %s", error)
            refused = True
        if refused:
            self._failures += 1
            return backoff(self._failures - 1)
        self._failures = 0
        return WRITE_S

    def _is_refused(self, part: Callable[[], None]) -> bool:
        """Do one of them; what PostgreSQL refuses there (rights, for one) stops no other."""
        try:
            part()
        except psycopg2.Error as error:
            level = logging.DEBUG if self._failures else logging.ERROR
            log.log(level, "history: PostgreSQL says %s", error.pgcode)
            return True
        return False

    def _write(self) -> None:
        self._drain(self._ledger.samples, self._history.record_samples)
        self._drain(self._ledger.spans, self._spans)
        volumes = self._ledger.take_volumes()
        try:
            self._volumes.record(volumes)
        except BaseException:
            self._ledger.put_back(volumes)
            raise

    def _drain(self, kept: deque[_T], write: Callable[[Sequence[_T]], None]) -> None:
        """Write the oldest, and drop them when that is done: the worker goes on adding."""
        while batch := [kept[index] for index in range(min(BATCH, len(kept)))]:
            try:
                write(batch)
            except psycopg2.DataError as error:
                log.error("%d rows of history are refused: %s", len(batch), error.pgcode)
            for row in batch:
                if kept and kept[0] is row:  # else a full deque has dropped it meanwhile
                    kept.popleft()

    def _spans(self, spans: Sequence[Span]) -> None:
        self._history.places([span for span in spans if isinstance(span, PlaceSpan)])
        self._history.sims([span for span in spans if isinstance(span, SimSpan)])
        self._history.bearers([span for span in spans if isinstance(span, BearerSpan)])

    def _keep_up(self) -> None:
        now = time.monotonic()
        if now >= self._life_due:
            self._hosts.seen(self._version)
            self._life_due = now + LIFE_S
        if now >= self._retention_due:
            turned = self._retention.turn(datetime.now(UTC))
            self._retention_due = now + RETENTION_S
            if turned.dropped:
                log.info("old rows are dropped: %s", ", ".join(turned.dropped))
