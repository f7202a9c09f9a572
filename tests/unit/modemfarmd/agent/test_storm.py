# SPDX-License-Identifier: GPL-3.0-or-later
"""Much at once, in any order, with events lost: what must hold all the time, and where it ends."""

import random

import pytest

from modemfarm.hold import Hold
from modemfarmd.agent.applier import PARALLEL_JOBS

from .world import World, serial

MODEMS = 30
PATHS = [f"1-{hub}.{port}" for hub in range(1, 7) for port in range(1, 7)]
CONVERGED_S = 60.0


def check(world: World) -> None:
    """The invariants: one place each, one port each, few jobs, no serial in two jobs."""
    here = [m for m in world.farm.modems.values() if m.seen.present]
    paths = [m.seen.usb_path for m in here]
    assert len(paths) == len(set(paths))
    for snapshot in world.snapshots[-1:]:
        slots = [record.slot for record in snapshot.modems]
        assert len(slots) == len(set(slots))
    assert world.most_parallel <= PARALLEL_JOBS < 5  # one more is the look for drift
    assert world.most_at_once <= 1


def test_thirty_at_once_are_few_applies_and_all_serve(world: World) -> None:
    world.registry.slots = MODEMS
    world.job_seconds = 8.0
    for number in range(1, MODEMS + 1):
        world.plug(PATHS[number - 1], serial(number), devnum=str(number))
    world.turn(30)
    check(world)
    assert {world.state(number) for number in range(1, MODEMS + 1)} == {"serving"}
    assert len(world.applied) <= 3
    assert sum(len(batch) for batch in world.applied) == MODEMS


def test_thirty_that_trickle_in_are_applied_together(world: World) -> None:
    world.registry.slots = MODEMS
    world.job_seconds = 8.0
    for number in range(1, MODEMS + 1):
        world.plug(PATHS[number - 1], serial(number), devnum=str(number))
        world.turn(0.5)
    world.turn(40)
    check(world)
    assert {world.state(number) for number in range(1, MODEMS + 1)} == {"serving"}
    assert len(world.applied) <= 6


def test_thirty_gone_at_once_are_blocked_within_ten_seconds(world: World) -> None:
    world.registry.slots = MODEMS
    for number in range(1, MODEMS + 1):
        world.plug(PATHS[number - 1], serial(number), devnum=str(number))
    world.turn(60)
    world.job_seconds = 3.0
    for number in range(1, MODEMS + 1):
        world.unplug(PATHS[number - 1])
    world.turn(10)
    assert {world.state(number) for number in range(1, MODEMS + 1)} == {"offline"}
    check(world)


class Chaos:
    """Random changes of everything that changes, seeded."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.random = random.Random(seed)  # noqa: S311
        self.devnum = 1000
        self.plugged: dict[int, str] = {}

    def change(self) -> None:
        kinds = [self._plug, self._plug, self._unplug, self._move, self._database, self._service,
                 self._deafness, self._forget, self._disk]  # fmt: skip
        self.random.choice(kinds)()

    def calm(self) -> None:
        world = self.world
        world.apply_fails = world.deaf = world.disk_full = False
        self._away(False)

    def _plug(self) -> None:
        number = self.random.randint(1, MODEMS)
        free = [path for path in PATHS if path not in self.world.devices]
        if number not in self.plugged and free:
            self.devnum += 1
            path = self.plugged[number] = self.random.choice(free)
            self.world.plug(path, serial(number), devnum=str(self.devnum))

    def _unplug(self) -> None:
        if self.plugged:
            number = self.random.choice(sorted(self.plugged))
            self.world.unplug(self.plugged.pop(number))

    def _move(self) -> None:
        self._unplug()
        self._plug()

    def _database(self) -> None:
        self._away(not self.world.registry.gone)

    def _away(self, gone: bool) -> None:
        if self.world.registry.gone and not gone:
            self.world.worker.name_all()  # LISTEN connects again
        self.world.registry.gone = gone

    def _service(self) -> None:
        self.world.apply_fails = not self.world.apply_fails

    def _deafness(self) -> None:
        self.world.deaf = not self.world.deaf

    def _disk(self) -> None:
        self.world.disk_full = not self.world.disk_full

    def _forget(self) -> None:
        """An administrator forgets a modem that is away, and nobody hears of it."""
        away = [n for n in range(1, MODEMS + 1) if n not in self.plugged]
        if away and not self.world.registry.gone and self.random.random() < 0.2:
            self.world.registry.table.pop(serial(self.random.choice(away)), None)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_thousand_changes_with_lost_events_converge(world: World, seed: int) -> None:
    world.registry.slots = MODEMS
    world.job_seconds = 2.5
    world.scan_due = world.now
    chaos = Chaos(world, seed)
    for number in range(1000):
        world.deaf = world.deaf or 400 <= number < 700  # a while without any event
        chaos.change()
        world.turn(chaos.random.choice([0.0, 0.05, 0.5, 2.0, 6.0]))
        check(world)
    chaos.calm()
    begun = world.now
    while world.now < begun + CONVERGED_S and not converged(world, chaos):
        world.turn(1.0)
        check(world)
    assert converged(world, chaos), world.worker.status()


def converged(world: World, chaos: Chaos) -> bool:
    """Rows, snapshot and what was applied last say what is plugged in, flapping paths aside."""
    barred = {path for path, s in world.arrivals.standings.items() if s.state == "quarantined"}
    records = {record.serial: record for record in world.snapshots[-1].modems}
    for number, path in chaos.plugged.items():
        row, record = world.registry.table.get(serial(number)), records.get(serial(number))
        if path in barred:
            continue
        if row is None or record is None or (row["state"], row["usb_path"]) != ("serving", path):
            return False
        if (record.present, record.usb_path) != (True, path):
            return False
    away = [record for s, record in records.items() if int(s[8:]) not in chaos.plugged]
    rows = [row for s, row in world.registry.table.items() if int(s[8:]) not in chaos.plugged]
    quiet = all(not record.present for record in away)
    return quiet and all(row["state"] in ("offline", "quarantined") for row in rows)


@pytest.mark.parametrize("seed", [7, 8])
def test_a_held_modem_stays_held_on_disk_in_a_storm(world: World, seed: int) -> None:
    """Root refuses a held modem by its record: so the record must say it, whatever happens."""
    world.registry.slots = MODEMS
    chaos = Chaos(world, seed)
    world.plug(PATHS[0], serial(1), devnum="1")
    chaos.plugged[1] = PATHS[0]
    world.turn(5)
    hold = Hold(world.wall().replace(year=2030), "cli:alice", "antenna")
    world.holds.place(serial(1), hold)
    for _ in range(300):
        chaos.change()
        if serial(1) not in world.registry.table and not world.registry.gone:
            return  # forgotten by an administrator: so is its hold
        world.turn(chaos.random.choice([0.05, 0.5, 6.0]))
        held = {record.serial: record.hold for record in world.snapshots[-1].modems}
        assert held.get(serial(1), hold) == hold
