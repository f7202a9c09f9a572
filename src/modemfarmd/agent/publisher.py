# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the snapshot file as the farm is.

Root reads it, so nobody is applied whose record there is old. While it cannot be written (a full
disk), modems whose records did not change are served on. A row of the registry that root would
refuse stays out of it, and holds back nobody else.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from modemfarm.errors import FarmError, InvalidValueError
from modemfarm.snapshot import VERSION, ModemRecord, Snapshot, parse_snapshot

from .farm import Farm
from .states import State
from .store import Store

log = logging.getLogger(__name__)

RETRY_S = 5.0  # a full disk is not emptied within a second
_REFUSED_REMEDY = "correct the row in the table modems"


class Publisher:
    """`write` replaces the file as a whole. Runs in the worker's thread."""

    def __init__(
        self,
        host: str,
        farm: Farm,
        store: Store,
        write: Callable[[Snapshot], None],
        clock: Callable[[], float],
    ) -> None:
        self._host = host
        self._farm = farm
        self._store = store
        self._write = write
        self._clock = clock
        self._due: float | None = clock()
        self._written: dict[str, ModemRecord] = {}
        self._refused: dict[str, str] = {}
        self.failing = False
        # Has what is written be so: a modem that is new may have used up its volume.
        self.settle: Callable[[], object] = lambda: None

    def on_disk(self, records: Iterable[ModemRecord]) -> None:
        """What the file holds from an earlier run."""
        self._written = {record.serial: record for record in records}

    def changed(self) -> None:
        """Something in the farm is not as the file says."""
        if not self.failing:
            self._due = self._clock()

    def wait(self) -> float | None:
        """Seconds until `turn` has something to do."""
        return None if self._due is None else max(0.0, self._due - self._clock())

    def turn(self) -> None:
        """Write the file when it is due; a failure is tried again later."""
        if self._due is None or self._due > self._clock():
            return
        try:
            self.write()
        except (OSError, FarmError) as error:
            self._failed(error)

    def write(self) -> None:
        """Write it now. OSError, FarmError."""
        self.settle()
        records = self._farm.records()
        try:
            self._write(Snapshot(self._host, records))
            self._refused.clear()
        except InvalidValueError:
            records = tuple(self._usable(records))
            self._write(Snapshot(self._host, records))
        self._written = {record.serial: record for record in records}
        self._due = None
        if self.failing:
            self.failing = False
            self._store.event("snapshot-written")

    def ready(self, serial: str) -> bool:
        """True when the file says of this modem what we know of it."""
        modem = self._farm.modems.get(serial)
        record = None if modem is None else modem.record()
        written = self._written.get(serial)
        if record is not None and record.hold is None and written is not None:
            written = replace(written, hold=None)  # it has ended, which root sees by itself
        return record == written

    def _usable(self, records: Iterable[ModemRecord]) -> Iterator[ModemRecord]:
        """The records; one with a slot, an APN or a policy that is none has those from
        before."""
        for record in records:
            refusal = _refusal(record)
            if refusal is None:
                self._refused.pop(record.serial, None)
                yield record
                continue
            self._refuse(record.serial, refusal)
            before = self._written.get(record.serial)
            if before is not None:
                yield replace(record, slot=before.slot, apn=before.apn, policy=before.policy)

    def _refuse(self, serial: str, refusal: InvalidValueError) -> None:
        reason = f"its row in the registry is refused: {refusal.message}"
        if self._refused.get(serial) != reason:
            self._refused[serial] = reason
            self._store.event("row-refused", serial, reason=reason, remedy=_REFUSED_REMEDY)
        modem = self._farm.modems[serial]
        if modem.seen.reason != reason and self._farm.enter(
            serial, State.FAILED, reason, _REFUSED_REMEDY, "error"
        ):
            self._store.observe(modem.seen)

    def _failed(self, error: OSError | FarmError) -> None:
        self._due = self._clock() + RETRY_S
        if not self.failing:
            log.error("snapshot not written: %s", error)
            self.failing = True
            self._store.event("snapshot-not-written", None, reason=str(error))


def _refusal(record: ModemRecord) -> InvalidValueError | None:
    """Why root would not read it."""
    document = {"version": VERSION, "host": "any", "modems": [record.as_dict()]}
    try:
        parse_snapshot(document)
    except InvalidValueError as error:
        return error
    return None
