# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that runs in the worker's thread, put together. No thread is started here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from zoneinfo import ZoneInfo

from modemfarm.modem_lock import is_held
from modemfarm.proxy.policy import listen_address
from modemfarm.settings import FarmSettings
from modemfarm.snapshot import write_snapshot

from ..registry.db import Database
from ..registry.holds import HoldBook
from ..registry.modems import Host, Registry
from ..registry.repairs import RepairBook
from ..repair.keeper import Keeper
from .applier import Applier
from .arrivals import Arrivals
from .bus import Bus
from .busy_slots import BusySlots
from .caretaker import Caretaker
from .chronicle import Ledger
from .client import request_apply, request_drift, request_repair
from .drift import DriftTurn
from .farm import Device, Farm
from .gauges import WorkerGauges
from .holds import Holds
from .inbox import Inbox
from .look import Patient
from .meter import Meter
from .places import Places
from .publisher import Publisher
from .quotas import Quotas
from .repair_file import FILE, RepairFile
from .repair_log import RepairLog
from .repairs import Repairs
from .schema_gate import SchemaGate
from .store import Store
from .vitals import Vitals
from .volume_file import FILE as VOLUMES
from .volume_file import VolumeFile
from .worker import Worker

HISTORY = "modemfarm-agent history"


class Parts:
    """`identify` begins to ask a device, `examine` looks at a modem soon; both return at once."""

    def __init__(
        self,
        settings: FarmSettings,
        places: Places,
        identify: Callable[[Device], None],
        examine: Callable[[Patient], None],
    ) -> None:
        clock, service = time.monotonic, places.apply_socket
        self._modem_locks = places.modem_locks
        self.inbox = Inbox()
        self.bus = Bus(places.root)
        self.farm = Farm(clock)
        self.ledger = Ledger(utc_now)
        self.store = make_store(settings, self.ledger)
        write = partial(write_snapshot, path=places.snapshot)
        self.publisher = Publisher(settings.host, self.farm, self.store, write, clock)
        self.applier = Applier(
            self.farm,
            self.store,
            self.inbox,
            partial(request_apply, path=service),
            in_thread,
            clock,
            self.publisher.ready,
        )
        self.holds = Holds(self.farm, self.store, self.publisher, self.applier, utc_now, clock)
        self.repairs = Repairs(
            self.farm,
            self.store,
            self.inbox,
            self.applier,
            partial(request_repair, path=service),
            in_thread,
            utc_now,
        )
        self.arrivals = Arrivals(self.bus, self.store, identify, self._is_our_doing, clock)
        self.holds.ask_again = self.arrivals.ask_again
        self.drift = DriftTurn(
            self.farm,
            self.store,
            self.inbox,
            self.applier,
            partial(request_drift, path=service),
            in_thread,
            clock,
        )
        self.vitals = Vitals(
            self.farm,
            self.store,
            self.inbox,
            examine,
            partial(uid_of, settings),
            partial(listen_address, settings),
        )
        database = Database(settings.database, HISTORY)
        self.history = database
        self.repair_log = RepairLog(
            RepairBook(database, settings.host),
            utc_now,
            lambda past: self.inbox.post(lambda: self.caretaker.remember(past)),
        )
        self.repair_file = RepairFile(places.snapshot.parent / FILE, utc_now)
        self.caretaker = Caretaker(
            self.farm,
            self.store,
            self.applier,
            self.repairs,
            Keeper(clock),
            self.repair_file.add,
            self.repair_log.add,
            clock,
            utc_now,
        )
        self.caretaker.ask_again = self.arrivals.ask_again
        self.vitals.judge = self.caretaker.judge
        self.quotas = Quotas(
            self.farm,
            self.store,
            self.publisher,
            self.applier,
            VolumeFile(places.snapshot.parent / VOLUMES),
            Meter(places.root).read,
            settings.policy,
            partial(today, settings.quota_time_zone),
            self.ledger.moved,
            clock,
        )
        self.publisher.settle = self.quotas.settle
        self.gauges = WorkerGauges(
            self.farm,
            self.arrivals,
            self.applier,
            self.repairs,
            self.holds,
            self.store,
            self.publisher,
            lambda: self.drift.guard_drops,
            clock,
        )
        self.worker = Worker(
            self.farm,
            self.arrivals,
            self.store,
            self.inbox,
            self.publisher,
            self.applier,
            self.holds,
            self.vitals,
            clock,
        )
        self.worker.turns += [
            self.drift.turn,
            self.caretaker.turn,
            self.quotas.turn,
            self.gauges.turn,
        ]

    def _is_our_doing(self, serial: str) -> bool:
        """Somebody's repair or reset makes the modem restart; an apply of ours does not."""
        modem = self.farm.modems.get(serial)
        if modem is not None and modem.repairing:
            return True
        return is_held(serial, self._modem_locks) and not self.applier.is_applying(serial)


def make_store(settings: FarmSettings, ledger: Ledger) -> Store:
    """The worker's way to the registry, over a connection of its own."""
    database = Database(settings.database, "modemfarm-agent")
    return Store(
        Registry(database, Host(settings.host, settings.slots, settings.port_base)),
        time.monotonic,
        BusySlots(settings),
        HoldBook(database, settings.host),
        SchemaGate(database),
        ledger,
    )


def uid_of(settings: FarmSettings, slot: int) -> int | None:
    """The uid of a slot's proxy; None for one beyond `slots`, which somebody has lowered."""
    return settings.slot(slot).uid if slot <= settings.slots else None


def in_thread(task: Callable[[], None]) -> None:
    """Run `task` in a thread that nobody waits for."""
    threading.Thread(target=task, name="apply", daemon=True).start()


def today(zone: str | None) -> date:
    """The date in a time zone, None for the host's."""
    now = utc_now()
    return (now.astimezone() if zone is None else now.astimezone(ZoneInfo(zone))).date()


def utc_now() -> datetime:
    """The time of the wall clock."""
    return datetime.now(UTC)
