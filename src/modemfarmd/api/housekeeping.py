# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API does beside requests: it ends what the one before it left, and removes old rows."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

from modemfarm.errors import FarmError

from ..registry.operations import OperationBook
from ..registry.sessions import SessionBook
from ..registry.users import FailureBook
from .parts import Parts

log = logging.getLogger("modemfarm.api")

EVERY_S = 3600.0
RETRY_S = 10.0  # while the database is away
SESSIONS_KEPT = timedelta(days=30)  # who used a token twice is asked about later
OPERATIONS_KEPT = timedelta(days=30)  # an Idempotency-Key counts as long
FAILURES_KEPT = timedelta(days=1)


class Housekeeping(threading.Thread):
    """Runs until `stop` is set."""

    def __init__(self, parts: Parts, stop: threading.Event) -> None:
        super().__init__(name="housekeeping", daemon=True)
        self._parts = parts
        self._stop_event = stop
        self._swept = False

    def run(self) -> None:
        """Turn until stopped."""
        while not self._stop_event.is_set():
            try:
                self.turn()
                pause = EVERY_S
            except FarmError as error:
                log.warning("housekeeping waits: %s", error)
                pause = RETRY_S
            self._stop_event.wait(pause)

    def turn(self) -> None:
        """Do all of it once. DatabaseGoneError, AuditError."""
        if not self._swept:
            self._parts.audit.export_head()
            unknown = self._parts.actions.sweep()
            if unknown:
                log.warning("%d operations were cut off by our last end", unknown)
            self._swept = True
        now = self._parts.now()
        with self._parts.pool.transaction() as database:
            SessionBook(database).forget(now - SESSIONS_KEPT)
            OperationBook(database).forget(now - OPERATIONS_KEPT)
            FailureBook(database).forget(now - FAILURES_KEPT)
