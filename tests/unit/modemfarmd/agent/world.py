# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker with everything around it faked: no threads, no files, our clock."""

import errno
import json
import os
import threading
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from modemfarm.at.commands.identity import Identity
from modemfarm.hold import Hold
from modemfarm.snapshot import VERSION, Snapshot, parse_snapshot
from modemfarm.usb import UsbInterface, UsbModem
from modemfarmd.agent.applier import Applier
from modemfarmd.agent.arrivals import Arrivals
from modemfarmd.agent.bus import Glance
from modemfarmd.agent.caretaker import Caretaker
from modemfarmd.agent.client import Applied, Drift
from modemfarmd.agent.drift import DriftTurn
from modemfarmd.agent.events import SCAN_S, Scan
from modemfarmd.agent.farm import Device, Farm
from modemfarmd.agent.holds import Holds
from modemfarmd.agent.identify import Answer
from modemfarmd.agent.inbox import Inbox, Task
from modemfarmd.agent.look import Patient
from modemfarmd.agent.meter import Reading
from modemfarmd.agent.publisher import Publisher
from modemfarmd.agent.quotas import Quotas
from modemfarmd.agent.repairs import Repairs
from modemfarmd.agent.sim_entry import SimTrouble
from modemfarmd.agent.store import Store
from modemfarmd.agent.vitals import Vitals
from modemfarmd.agent.volumes import Volumes
from modemfarmd.agent.worker import Worker
from modemfarmd.errors import ApplyError, DatabaseGoneError, SlotsExhaustedError
from modemfarmd.registry.db import Row
from modemfarmd.registry.model import Observation, Outcome, Place
from modemfarmd.registry.repairs import Repair
from modemfarmd.registry.volumes import Volume
from modemfarmd.repair.keeper import Keeper

START = datetime(2026, 1, 31, 12, tzinfo=UTC)


def serial(number: int) -> str:
    return f"86758403{number:07d}"


def serials_of(job: Task) -> list[str]:
    """The modems of an apply job: what its closure holds."""
    held = [cell.cell_contents for cell in getattr(job, "__closure__", None) or ()]
    return next((list(one) for one in held if isinstance(one, list)), [])


class FakeDatabase:
    backend = 42

    def transaction(self) -> nullcontext[None]:
        return nullcontext()


class FakeRegistry:
    """Rows in a dictionary; can be away, and can be full."""

    def __init__(self) -> None:
        self.database = FakeDatabase()
        self.gone = False
        self.slots = 8
        self.table: dict[str, Row] = {}
        self.kinds: list[str] = []
        self.radio: list[str] = []

    def _check(self) -> None:
        if self.gone:
            raise DatabaseGoneError("no server")

    def modems(self) -> list[Row]:
        self._check()
        return list(self.table.values())

    def upsert(self, seen: Observation, busy: Sequence[int] = ()) -> Place:
        self._check()
        row = self.table.setdefault(seen.serial, {"slot": None, "apn": None, "policy": None})
        if row["slot"] is None:
            taken = {other["slot"] for other in self.table.values()} | set(busy)
            free = [slot for slot in range(1, self.slots + 1) if slot not in taken]
            if not free:
                del self.table[seen.serial]
                raise SlotsExhaustedError("all are taken", "forget one")
            row["slot"] = free[0]
        row.update(seen.__dict__, proxy_port=3127 + row["slot"])
        return Place(row["slot"], row["proxy_port"], row["apn"], row["policy"])

    def record(self, outcomes: Sequence[Outcome]) -> None:
        self._check()
        for outcome in outcomes:
            if outcome.serial not in self.table:
                continue  # an UPDATE of no row
            self.table[outcome.serial].update(
                state=outcome.state, status=outcome.status, wan_address=outcome.wan_address
            )

    def set_quotas(self, batch: Sequence[tuple[str, str | None]]) -> None:
        self._check()
        for who, state in batch:
            if who in self.table:
                self.table[who]["quota"] = state

    def record_radio(self, batch: Sequence[Mapping[str, object]]) -> None:
        self._check()
        self.radio += [str(values["serial"]) for values in batch]

    def add_events(self, events: Sequence[object]) -> None:
        self._check()
        self.kinds += [event.kind for event in events]  # type: ignore[attr-defined]


class FakeBook:
    """The holds in the registry."""

    def __init__(self) -> None:
        self.held: dict[str, Hold] = {}

    def place(self, serial: str, hold: Hold) -> None:
        self.held[serial] = hold

    def release(self, serial: str, by: str) -> bool:
        return self.held.pop(serial, None) is not None

    def active(self, now: datetime) -> dict[str, Hold]:
        return {serial: hold for serial, hold in self.held.items() if hold.active(now)}


class FakeFile:
    """The volumes on disk."""

    path = Path("volumes.json")

    def __init__(self, world: "World") -> None:
        self._world = world
        self.text: str | None = None

    def read(self, volumes: Volumes) -> str | None:
        if self.text is not None:
            volumes.load(json.loads(self.text))
        return None

    def write(self, volumes: Volumes, day: date) -> None:
        if self._world.disk_full:
            raise OSError(errno.ENOSPC, "disk full")
        self.text = json.dumps(volumes.as_dict(day))


class World:
    """`turn` lets time pass; devices come and go by `plug` and `unplug`."""

    def __init__(self) -> None:
        self.now = 100.0
        self.clock_set = 0.0
        self.devices: dict[str, Device] = {}
        self.who: dict[str, str | None] = {}
        self.imsi: defaultdict[str, str | None] = defaultdict(lambda: "262010000000001")
        self.sims: dict[str, SimTrouble] = {}
        self.asked: list[str] = []
        self.jobs: list[Task] = []
        self.job_seconds = 0.0
        self._late: list[tuple[float, Task]] = []
        self.most_parallel = 0
        self.most_at_once = 0  # jobs that work on one and the same modem
        self._at_work: Counter[str] = Counter()
        self.drifted: dict[str, list[str]] = {}
        self.host_drift: list[str] = []
        self.looked: list[float] = []
        self.applied: list[list[str]] = []
        self.states: dict[str, str] = {}
        self.apply_fails = False
        self.snapshots: list[Snapshot] = []
        self.deaf = False
        self.no_descriptors = False
        self.disk_full = False
        self.locked: set[str] = set()
        self.repaired: list[tuple[str, str]] = []
        self.repair_error: str | None = None
        self.examined: list[Patient] = []
        self.counters: dict[str, Reading] = {}
        self.today = START.date()
        self.volume_file = FakeFile(self)
        self.kept_volumes: list[Volume] = []
        self.registry = FakeRegistry()
        self.inbox = Inbox()
        self.farm = Farm(self.clock)
        self.book = FakeBook()
        self.store = Store(self.registry, self.clock, book=self.book)  # type: ignore[arg-type]
        self.publisher = Publisher("lab", self.farm, self.store, self.write, self.clock)
        self.applier = Applier(
            self.farm, self.store, self.inbox, self.apply, self.jobs.append, self.clock,
            self.publisher.ready,
        )  # fmt: skip
        self.holds = Holds(
            self.farm, self.store, self.publisher, self.applier, self.wall, self.clock
        )
        self.repairs = Repairs(
            self.farm, self.store, self.inbox, self.applier, self.repair, self.jobs.append,
            self.wall,
        )  # fmt: skip
        self.arrivals = Arrivals(
            self, self.store, self.identify, self.locked.__contains__, self.clock
        )
        self.holds.ask_again = self.arrivals.ask_again
        self.turn_of_drift = DriftTurn(
            self.farm, self.store, self.inbox, self.applier, self.drift, self.jobs.append,
            self.clock,
        )  # fmt: skip
        self.vitals = Vitals(
            self.farm, self.store, self.inbox, self.examined.append, lambda slot: 61_000 + slot
        )
        self.kept: list[Repair] = []
        self.noted: list[tuple[str, str, datetime]] = []
        self.caretaker = Caretaker(
            self.farm, self.store, self.applier, self.repairs,
            Keeper(self.clock, lambda low, high: 0.0), self.note, self.kept.append, self.clock,
            self.wall,
        )  # fmt: skip
        self.caretaker.ask_again = self.arrivals.ask_again
        self.vitals.judge = self.caretaker.judge
        self.worker = Worker(
            self.farm, self.arrivals, self.store, self.inbox, self.publisher, self.applier,
            self.holds, self.vitals, self.clock,
        )  # fmt: skip
        self.quotas = Quotas(
            self.farm, self.store, self.publisher, self.applier, self.volume_file,  # type: ignore[arg-type]
            self.counters.get, {}, lambda: self.today, self.kept_volumes.extend, self.clock,
        )  # fmt: skip
        self.publisher.settle = self.quotas.settle
        self.worker.turns += [self.turn_of_drift.turn, self.caretaker.turn, self.quotas.turn]
        self.scan = Scan(self, self.inbox.name, threading.Event())  # type: ignore[arg-type]
        self.scan_due: float | None = None  # none by itself
        self.auto = True

    def note(self, who: str, step: str, at: datetime) -> None:
        self.noted.append((who, step, at))

    def clock(self) -> float:
        return self.now

    def wall(self) -> datetime:
        return START + timedelta(seconds=self.now + self.clock_set)

    def write(self, snapshot: Snapshot) -> None:
        if self.disk_full:
            raise OSError("disk full")
        rows = [record.as_dict() for record in snapshot.modems]
        parse_snapshot({"version": VERSION, "host": snapshot.host, "modems": rows})
        self.snapshots.append(snapshot)

    def repair(self, who: str, step: str) -> Any:
        self.repaired.append((who, step))
        return SimpleNamespace(error=self.repair_error)

    # The bus.

    def by_id(self) -> frozenset[str]:
        return frozenset()

    def paths(self) -> set[str]:
        self._check_descriptors()
        return set(self.devices)

    def device(self, path: str) -> Device | None:
        return None if self.no_descriptors else self.devices.get(path)

    def _check_descriptors(self) -> None:
        if self.no_descriptors:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    def glance(self, path: str) -> Glance | None:
        self._check_descriptors()
        device = self.devices.get(path)
        return Glance(device.devnum, device.usb.complete) if device else None

    def ready(self, device: Device) -> bool:
        return device.usb.complete

    def plug(self, path: str, who: str | None, devnum: str = "1", complete: bool = True) -> None:
        data = UsbInterface(
            4, (255, 255, 255), "qmi_wwan" if complete else None, None,
            "cdc-wdm0" if complete else None, "wwan0" if complete else None,
        )  # fmt: skip
        at = UsbInterface(3, (255, 0, 0), "option", "ttyUSB3")
        usb = UsbModem(path, Path("/nowhere"), "EC25", "", (at, data))
        self.devices[path] = Device(usb, devnum)
        self.who[path] = who
        self.tell(path)

    def unplug(self, path: str) -> None:
        del self.devices[path]
        self.tell(path)

    def tell(self, path: str) -> None:
        """What udev does, unless its events are lost."""
        if not self.deaf:
            self.inbox.name(path)

    # What the worker calls.

    def identify(self, device: Device) -> None:
        self.asked.append(device.usb.path)
        if self.auto:
            self.worker.answered(self.answer(device))

    def answer(self, device: Device) -> Answer:
        path = device.usb.path
        who = self.who[path]
        if who is None:
            return Answer(path, device.devnum, None, None, "silent", "replug it")
        identity = Identity(who, "8" * 19, self.imsi[who], "EC25", "R1")
        return Answer(path, device.devnum, identity, self.sims.get(who), None, None)

    def drift(self, serials: Sequence[str]) -> Drift:
        self.looked.append(self.now)
        if self.apply_fails:
            raise ApplyError("no service")
        rows = [
            {"serial": one, "state": "serving", "changed": what}
            for one, what in self.drifted.items()
        ]
        return Drift(tuple(rows), tuple(self.host_drift))

    def apply(self, serials: Sequence[str]) -> Applied:
        self.applied.append(list(serials))
        if self.apply_fails:
            raise ApplyError("no service")
        outcomes = tuple(self.outcome(s) for s in serials)
        return Applied(1.0, outcomes, ())

    def outcome(self, who: str) -> Outcome:
        modem = self.farm.modems.get(who)
        present = modem is not None and modem.seen.present
        state = self.states.get(who, "serving") if present else "offline"
        return Outcome(who, "online" if state == "serving" else "offline", state)

    # Time.

    def turn(self, seconds: float = 0.0) -> None:
        """Let everything happen that happens within `seconds`."""
        end = self.now + seconds
        while True:
            if self.scan_due is not None and self.now >= self.scan_due:
                self.scan.look()
                self.scan_due = self.now + SCAN_S
            wait = self.worker.step()
            paths, tasks = self.inbox.drain(0)
            self.worker.take_in(paths, tasks)
            ran = self._run_jobs()
            if paths or tasks or ran:
                continue
            wait = min([wait, *(at - self.now for at, _ in self._late)])
            if self.scan_due is not None:
                wait = min(wait, self.scan_due - self.now)
            if self.now + wait > end:
                self.now = end
                return
            self.now += max(wait, 0.001)

    def _run_jobs(self) -> bool:
        started, self.jobs[:] = list(self.jobs), []
        self._count(started)
        self._late += [(self.now + self.job_seconds, job) for job in started]
        ready = [job for at, job in self._late if at <= self.now]
        self._late = [(at, job) for at, job in self._late if at > self.now]
        for job in ready:
            job()
        self.most_parallel = max(self.most_parallel, self.applier.jobs)
        self._at_work -= Counter(serial for job in ready for serial in serials_of(job))
        return bool(ready)

    def _count(self, started: list[Task]) -> None:
        self._at_work += Counter(serial for job in started for serial in serials_of(job))
        self.most_at_once = max([self.most_at_once, *self._at_work.values()])

    def state(self, number: int) -> str:
        return str(self.registry.table[serial(number)]["state"])

    def events(self, *kinds: str) -> list[str]:
        """The kinds of what was told, in order, of these only."""
        return [kind for kind in self.registry.kinds if kind in kinds]
