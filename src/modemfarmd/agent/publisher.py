# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the snapshot file as the farm is.

Root reads it, so nobody is applied whose record there is old. While it cannot be written (a full
disk), modems whose records did not change are served on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from modemfarm.errors import FarmError
from modemfarm.snapshot import ModemRecord, Snapshot

from .farm import Farm
from .store import Store

log = logging.getLogger(__name__)

RETRY_S = 5.0  # a full disk is not emptied within a second


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
        self.failing = False

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
        records = self._farm.records()
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
        return record == self._written.get(serial)

    def _failed(self, error: OSError | FarmError) -> None:
        self._due = self._clock() + RETRY_S
        log.error("snapshot not written: %s", error)
        if not self.failing:
            self.failing = True
            self._store.event("snapshot-not-written", None, reason=str(error))
