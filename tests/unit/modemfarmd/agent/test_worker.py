# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker with everything around it faked: no threads, no files, our clock."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from modemfarm.at.commands.identity import Identity
from modemfarm.snapshot import Snapshot
from modemfarm.usb import UsbInterface, UsbModem
from modemfarmd.agent.applier import Applier
from modemfarmd.agent.bus import Glance
from modemfarmd.agent.client import Applied
from modemfarmd.agent.farm import Device, Farm
from modemfarmd.agent.health import Patient, Report
from modemfarmd.agent.identify import Answer
from modemfarmd.agent.inbox import Inbox, Task
from modemfarmd.agent.store import Radio, Store
from modemfarmd.agent.vitals import Vitals
from modemfarmd.agent.worker import Worker
from modemfarmd.errors import ApplyError, DatabaseGoneError, SlotsExhaustedError
from modemfarmd.registry.db import Row
from modemfarmd.registry.model import Observation, Outcome, Place


def serial(number: int) -> str:
    return f"86758403{number:07d}"


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
        row = self.table.setdefault(seen.serial, {"slot": None, "apn": None})
        if row["slot"] is None:
            taken = {other["slot"] for other in self.table.values()} | set(busy)
            free = [slot for slot in range(1, self.slots + 1) if slot not in taken]
            if not free:
                del self.table[seen.serial]
                raise SlotsExhaustedError("all are taken", "forget one")
            row["slot"] = free[0]
        row.update(seen.__dict__, proxy_port=3127 + row["slot"])
        return Place(row["slot"], row["proxy_port"], row["apn"])

    def record(self, outcomes: Sequence[Outcome]) -> None:
        self._check()
        for outcome in outcomes:
            self.table[outcome.serial].update(
                state=outcome.state, status=outcome.status, wan_address=outcome.wan_address
            )

    def record_radio(self, batch: Sequence[Mapping[str, object]]) -> None:
        self._check()
        self.radio += [str(values["serial"]) for values in batch]

    def add_events(self, events: Sequence[object]) -> None:
        self._check()
        self.kinds += [event.kind for event in events]  # type: ignore[attr-defined]


class World:
    def __init__(self) -> None:
        self.now = 100.0
        self.devices: dict[str, Device] = {}
        self.who: dict[str, str | None] = {}
        self.asked: list[str] = []
        self.jobs: list[Task] = []
        self.applied: list[list[str]] = []
        self.states: dict[str, str] = {}
        self.apply_fails = False
        self.snapshots: list[Snapshot] = []
        self.examined: list[Patient] = []
        self.registry = FakeRegistry()
        self.inbox = Inbox()
        self.farm = Farm()
        self.store = Store(self.registry, self.clock)  # type: ignore[arg-type]
        self.applier = Applier(
            self.farm, self.store, self.inbox, self.apply, self.jobs.append, self.clock
        )
        self.vitals = Vitals(
            self.farm, self.store, self.inbox, self.applier.queue, self.examined.append
        )
        self.worker = Worker(
            "lab", self, self.farm, self.store, self.inbox, self.applier, self.vitals,
            self.identify, self.snapshots.append, self.clock,
        )  # fmt: skip
        self.auto = True

    def clock(self) -> float:
        return self.now

    # The bus.

    def paths(self) -> set[str]:
        return set(self.devices)

    def device(self, path: str) -> Device | None:
        return self.devices.get(path)

    def glance(self, path: str) -> Glance | None:
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
        self.inbox.name(path)

    def unplug(self, path: str) -> None:
        del self.devices[path]
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
        identity = Identity(who, "8" * 19, None, "EC25", "R1")
        return Answer(path, device.devnum, identity, None, None, None)

    def apply(self, serials: Sequence[str]) -> Applied:
        self.applied.append(list(serials))
        if self.apply_fails:
            raise ApplyError("no service")
        outcomes = tuple(self.outcome(s) for s in serials)
        return Applied(1.0, outcomes, ())

    def outcome(self, who: str) -> Outcome:
        present = self.farm.modems[who].seen.present
        state = self.states.get(who, "serving") if present else "offline"
        return Outcome(who, "online" if state == "serving" else "offline", state)

    # Time.

    def turn(self, seconds: float = 0.0) -> None:
        """Let everything happen that happens within `seconds`."""
        end = self.now + seconds
        while True:
            wait = self.worker.step()
            paths, tasks = self.inbox.drain(0)
            self.worker.take_in(paths, tasks)
            jobs, self.jobs[:] = list(self.jobs), []
            for job in jobs:
                job()
            if paths or tasks or jobs:
                continue
            if self.now + wait > end:
                self.now = end
                return
            self.now += max(wait, 0.001)

    def state(self, number: int) -> str:
        return str(self.registry.table[serial(number)]["state"])


@pytest.fixture
def world() -> World:
    world = World()
    world.turn()
    return world


def test_a_complete_device_serves_without_any_waiting(world: World) -> None:
    world.plug("1-1", serial(1))
    world.turn()
    assert world.state(1) == "serving"
    assert world.applied == [[serial(1)]]
    assert world.snapshots[-1].modems[0].present
    assert world.registry.kinds == ["registered", "serving"]
    assert [p.port for p in world.vitals.roster()] == [3128]
    assert [(p.serial, p.port) for p in world.examined] == [(serial(1), None)]


def test_a_look_that_could_not_ask_changes_nothing(world: World) -> None:
    world.plug("1-1", serial(1))
    world.turn()
    for _ in range(5):
        world.vitals.reported(Report(serial(1), None, None, None))
        world.turn()
    assert world.state(1) == "serving"
    assert world.applied == [[serial(1)]]
    assert world.registry.radio == []


def test_the_snapshot_is_written_before_the_apply(world: World) -> None:
    world.plug("1-1", serial(1))
    original = world.apply

    def apply(serials: Sequence[str]) -> Applied:
        assert {r.serial for r in world.snapshots[-1].modems} >= set(serials)
        return original(serials)

    world.applier._apply = apply
    world.turn()
    assert world.state(1) == "serving"


def test_an_incomplete_device_waits_for_its_ports(world: World) -> None:
    world.plug("1-1", serial(1), complete=False)
    world.turn(1.5)
    assert world.asked == []
    world.plug("1-1", serial(1))
    world.turn()
    assert world.asked == ["1-1"]
    assert world.state(1) == "serving"


def test_a_device_that_stays_incomplete_is_asked_all_the_same(world: World) -> None:
    world.plug("1-1", serial(1), complete=False)
    world.turn(2.5)
    assert world.asked == ["1-1"]
    assert serial(1) in world.registry.table


def test_events_about_a_known_device_ask_and_apply_nothing(world: World) -> None:
    world.plug("1-1", serial(1))
    world.turn()
    for _ in range(20):
        world.inbox.name("1-1")
        world.turn(0.3)
    world.turn(5)
    assert (world.asked, len(world.applied)) == (["1-1"], 1)


def test_unplug_is_written_and_applied_at_once(world: World) -> None:
    world.plug("1-1", serial(1))
    world.turn(40)
    world.unplug("1-1")
    world.turn()
    assert world.state(1) == "offline"
    assert not world.snapshots[-1].modems[0].present
    assert world.applied[-1] == [serial(1)]
    assert world.vitals.roster() == ()


def test_other_usb_devices_are_nobody_s_business(world: World) -> None:
    world.inbox.name("2-1")
    world.turn(20)
    assert len(world.worker.places) == 0


def test_a_batch_waits_for_a_neighbour_but_not_long(world: World) -> None:
    world.auto = False
    world.plug("1-1", serial(1))
    world.plug("1-2", None)
    world.turn()
    world.worker.answered(world.answer(world.devices["1-1"]))
    world.turn(1.5)
    assert world.applied == []
    world.turn(1.0)
    assert world.applied == [[serial(1)]]


def test_neighbours_that_answer_are_applied_with_it(world: World) -> None:
    world.auto = False
    for number in (1, 2, 3):
        world.plug(f"1-{number}", serial(number))
    world.turn()
    for number in (1, 2, 3):
        world.worker.answered(world.answer(world.devices[f"1-{number}"]))
        world.turn(0.2)
    assert world.applied == [[serial(1), serial(2), serial(3)]]


def test_a_silent_modem_is_asked_again_and_told_once(world: World) -> None:
    world.plug("1-1", None)
    world.turn(16)
    assert 3 <= len(world.asked) <= 5
    assert world.registry.kinds == ["unidentified"]
    world.who["1-1"] = serial(1)
    world.turn(40)
    assert world.state(1) == "serving"


def test_an_answer_about_a_device_that_is_gone_is_dropped(world: World) -> None:
    world.auto = False
    world.plug("1-1", serial(1))
    world.turn()
    answer = world.answer(world.devices["1-1"])
    world.plug("1-1", serial(2), devnum="2")
    world.worker.answered(answer)
    world.auto = True
    world.turn(3)
    assert list(world.registry.table) == [serial(2)]


def test_waiting_is_retried_with_back_off_until_it_serves(world: World) -> None:
    world.states[serial(1)] = "waiting"
    world.plug("1-1", serial(1))
    world.turn(20)
    assert 3 <= len(world.applied) <= 5
    world.states[serial(1)] = "serving"
    world.turn(30)
    assert world.state(1) == "serving"
    count = len(world.applied)
    world.turn(200)
    assert len(world.applied) == count


def test_what_failed_before_does_not_hold_back_what_is_fresh(world: World) -> None:
    world.states[serial(1)] = "failed"
    world.plug("1-1", serial(1))
    world.turn()
    world.inbox.post(lambda: world.applier.queue.add(serial(1)))
    world.plug("1-2", serial(2))
    world.turn()
    assert sorted(world.applied[1:]) == [[serial(1)], [serial(2)]]


def test_an_apply_service_that_is_away_is_tried_again(world: World) -> None:
    world.apply_fails = True
    world.plug("1-1", serial(1))
    world.turn(10)
    assert world.state(1) == "waiting"
    world.apply_fails = False
    world.turn(20)
    assert world.state(1) == "serving"


def test_without_database_known_modems_go_on_and_nothing_is_lost(world: World) -> None:
    world.plug("1-1", serial(1))
    world.turn()
    world.registry.gone = True
    world.unplug("1-1")
    world.turn(5)
    world.plug("1-4", serial(1), devnum="9")
    world.plug("1-5", serial(2))
    world.turn(5)
    assert world.applied[-1] == [serial(1)]
    assert world.snapshots[-1].modems[0].usb_path == "1-4"
    assert "database away" in world.worker.status()
    world.registry.gone = False
    world.turn(100)
    assert (world.state(1), world.state(2)) == ("serving", "serving")
    assert world.registry.table[serial(1)]["usb_path"] == "1-4"
    for kind in ("unplugged", "plugged", "moved"):
        assert kind in world.registry.kinds


def test_a_full_farm_says_so_once_and_recovers(world: World) -> None:
    world.registry.slots = 1
    world.plug("1-1", serial(1))
    world.plug("1-2", serial(2))
    world.turn(150)
    assert world.registry.kinds.count("slots-exhausted") == 1
    assert len(world.snapshots[-1].modems) == 1
    world.registry.slots = 2
    world.turn(150)
    assert world.state(2) == "serving"


def test_a_forgotten_modem_leaves_and_one_that_is_here_returns(world: World) -> None:
    for number in (1, 2):
        world.plug(f"1-{number}", serial(number))
    world.turn()
    world.unplug("1-1")
    world.turn()
    world.registry.table.clear()
    world.worker.name_serial(serial(1), backend=7)
    world.turn(5)
    assert list(world.farm.modems) == [serial(2)]
    assert world.registry.table[serial(2)]["slot"] == 1
    assert [r.slot for r in world.snapshots[-1].modems] == [1]


def test_our_own_notifications_are_not_news(world: World) -> None:
    world.registry.modems = lambda: pytest.fail("reread")  # type: ignore[method-assign]
    world.worker.name_serial(serial(1), backend=42)
    world.turn()


def test_a_lost_event_is_found_by_the_resync(world: World) -> None:
    world.plug("1-1", serial(1))
    world.inbox.drain(0)
    world.turn(61)
    assert world.state(1) == "serving"


def test_three_failed_probes_apply_again(world: World) -> None:
    world.plug("1-1", serial(1))
    world.turn()
    good = Report(serial(1), Radio(serial(1), -70, "Lab", "home"), "10.64.9.2", None)
    bad = replace(good, address=None, failure="no answer")
    for report in (bad, bad, good, bad, bad):
        world.vitals.reported(report)
        world.turn()
    assert len(world.applied) == 1
    assert world.registry.radio
    world.vitals.reported(bad)
    world.turn()
    assert len(world.applied) == 2
    assert "probe-failed" in world.registry.kinds


def test_a_snapshot_that_cannot_be_written_holds_the_apply(world: World) -> None:
    full = [OSError("disk full")] * 2

    def write(snapshot: Snapshot) -> None:
        if full:
            raise full.pop()
        world.snapshots.append(snapshot)

    world.worker._write_snapshot = write
    world.plug("1-1", serial(1))
    world.turn(4)
    assert world.applied == []
    world.turn(10)
    assert world.state(1) == "serving"
