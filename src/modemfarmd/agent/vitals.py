# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is looked after, and what follows from what was found. Runs in the worker's thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection

from ..registry.model import Outcome
from .farm import Farm, Modem
from .health import Patient, Report
from .inbox import Inbox
from .queue import KeyQueue
from .store import Store

log = logging.getLogger(__name__)

FAILURES_BEFORE_APPLY = 3  # the plan's number; one lost request is no news on a radio link


class Vitals:
    """Publishes the roster, takes in reports; three failed probes in a row: apply again."""

    def __init__(
        self,
        farm: Farm,
        store: Store,
        inbox: Inbox,
        applies: KeyQueue,
        examine: Callable[[Patient], None],
    ) -> None:
        self._farm = farm
        self._store = store
        self._inbox = inbox
        self._applies = applies
        self._examine = examine
        self._failures: dict[str, int] = {}
        self._roster: tuple[Patient, ...] = ()

    def roster(self) -> tuple[Patient, ...]:
        """Who is to be looked after; a whole tuple is swapped in, so any thread may read it."""
        return self._roster

    def reported(self, report: Report) -> None:
        """A look ended; from any thread."""
        self._inbox.post(lambda: self._take(report))

    def update_roster(self) -> None:
        """Publish who is on the bus now."""
        self._roster = tuple(
            Patient(modem.serial, modem.seen.at_port, _probed_port(modem))
            for modem in self._farm.modems.values()
            if modem.seen.present
        )

    def ask_radio(self, serials: Collection[str]) -> None:
        """Have signal and operator of these looked at now, without their ports."""
        for patient in self._roster:
            if patient.serial in serials:
                self._examine(Patient(patient.serial, patient.at_port, None))

    def _take(self, report: Report) -> None:
        modem = self._farm.modems.get(report.serial)
        if modem is None or not modem.seen.present:
            return
        if report.radio is not None:
            self._store.radio(report.radio)
        if modem.seen.state != "serving":
            self._failures.pop(report.serial, None)
        elif report.failure is not None:
            self._probe_failed(report.serial, report.failure)
        elif report.address is not None:
            self._failures.pop(report.serial, None)
            self._store.outcome(
                Outcome(report.serial, "online", "serving", wan_address=report.address)
            )

    def _probe_failed(self, serial: str, failure: str) -> None:
        count = self._failures.get(serial, 0) + 1
        self._failures[serial] = count
        log.warning("%s: probe %d of %d failed: %s", serial, count, FAILURES_BEFORE_APPLY, failure)
        if count >= FAILURES_BEFORE_APPLY:
            del self._failures[serial]
            self._store.event("probe-failed", serial, reason=failure)
            self._applies.add(serial)


def _probed_port(modem: Modem) -> int | None:
    serving = modem.seen.state == "serving" and modem.place is not None
    return modem.place.proxy_port if serving and modem.place else None
