# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is looked after, and what the registry gets of what was found. Runs in the worker's thread.

What a look means and what follows from it is decided by the caretaker.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from ipaddress import IPv4Address
from typing import Any

from ..registry.model import Outcome
from ..repair.evidence import Evidence
from .farm import Farm, Modem
from .inbox import Inbox
from .look import Patient, Report
from .states import State
from .store import Store

log = logging.getLogger(__name__)

# States in which a proxy may be at work behind the port.
_MAY_SERVE = (State.SERVING, State.DEGRADED, State.WAITING, State.FAILED, State.HELD)


class Vitals:
    """Publishes the roster and takes in reports; `judge` gets the evidence of each.

    `uid_of` gives the uid of a slot's proxy, None for a slot that the settings do not have;
    `listen_of` where a proxy with a policy of its own listens, None for the farm's address.
    """

    def __init__(
        self,
        farm: Farm,
        store: Store,
        inbox: Inbox,
        examine: Callable[[Patient], None],
        uid_of: Callable[[int], int | None],
        listen_of: Callable[[Mapping[str, Any] | None], IPv4Address | None] = lambda _: None,
    ) -> None:
        self._farm = farm
        self._store = store
        self._inbox = inbox
        self._examine = examine
        self._uid_of = uid_of
        self._listen_of = listen_of
        self._roster: tuple[Patient, ...] = ()
        self._addresses: dict[str, str] = {}
        self.judge: Callable[[Evidence], None] = lambda _: None

    def roster(self) -> tuple[Patient, ...]:
        """Who is to be looked after; a whole tuple is swapped in, so any thread may read it."""
        return self._roster

    def reported(self, report: Report) -> None:
        """A look ended; from any thread."""
        self._inbox.post(lambda: self._take(report))

    def update_roster(self) -> None:
        """Publish who is on the bus now; one that is being repaired has no time for questions."""
        self._roster = tuple(
            self._patient(modem)
            for modem in self._farm.modems.values()
            if modem.seen.present and not modem.repairing
        )

    def ask_radio(self, serials: Collection[str]) -> None:
        """Have signal and operator of these looked at now, without their ports."""
        for patient in self._roster:
            if patient.serial in serials:
                self._examine(Patient(patient.serial, patient.at_port, None))

    def _patient(self, modem: Modem) -> Patient:
        seen, place = modem.seen, modem.place
        uid = None if place is None else self._uid_of(place.slot)
        if place is None or uid is None or modem.state not in _MAY_SERVE:
            return Patient(modem.serial, seen.at_port, None, None, seen.interface)
        return Patient(
            modem.serial, seen.at_port, place.proxy_port, uid, seen.interface,
            expected=seen.status == "online", listen=self._listen_of(place.policy),
        )  # fmt: skip

    def _take(self, report: Report) -> None:
        modem = self._farm.modems.get(report.serial)
        if modem is None or not modem.seen.present:
            return
        if report.radio is not None:
            self._store.radio(report.radio)
        self._compare(modem, report.evidence)
        self.judge(report.evidence)

    def _compare(self, modem: Modem, seen: Evidence) -> None:
        """Address in the database = address that the carrier echoes, once it is looked at."""
        if not seen.works or seen.echoed is None or modem.state is not State.SERVING:
            return
        before = self._addresses.get(modem.serial)
        self._addresses[modem.serial] = seen.echoed
        if before not in (None, seen.echoed):
            self._store.event("address-changed", modem.serial, before=before, address=seen.echoed)
        self._store.outcome(Outcome(modem.serial, "online", "serving", wan_address=seen.echoed))
