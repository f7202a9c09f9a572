# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds: on disk before anybody is told, in the registry later, ended when their time is over."""

from datetime import timedelta

import pytest

from modemfarm.errors import InvalidValueError
from modemfarm.hold import Hold
from modemfarm.snapshot import ModemRecord
from modemfarmd.agent.holds import NotOnDiskError

from .world import World, serial


@pytest.fixture
def serving(world: World) -> World:
    for number in (1, 2):
        world.plug(f"1-{number}", serial(number))
    world.turn()
    return world


def hold(world: World, seconds: float = 3600.0) -> Hold:
    return Hold(world.wall() + timedelta(seconds=seconds), "cli:alice", "new antenna")


def record(world: World, number: int = 1) -> ModemRecord:
    return next(r for r in world.snapshots[-1].modems if r.serial == serial(number))


def test_it_is_on_disk_at_once_and_shown(serving: World) -> None:
    placed = hold(serving)
    serving.holds.place(serial(1), placed)
    assert record(serving).hold == placed
    serving.turn()
    assert serving.book.held == {serial(1): placed}
    assert (serving.state(1), serving.state(2)) == ("held", "serving")
    row = serving.registry.table[serial(1)]
    assert "alice" in row["reason"]
    assert row["remedy"] == f"modemfarm release {serial(1)}"
    assert row["status"] == "online"  # it serves on
    assert serving.events("held") == ["held"]


def test_what_is_not_on_disk_is_not_held(serving: World) -> None:
    serving.disk_full = True
    with pytest.raises(NotOnDiskError, match="disk full"):
        serving.holds.place(serial(1), hold(serving))
    serving.turn(1)
    assert serving.holds.active() == {}
    assert serving.state(1) == "serving"
    assert (serving.book.held, serving.events("held")) == ({}, [])


def test_a_release_applies_it_again(serving: World) -> None:
    serving.holds.place(serial(1), hold(serving))
    serving.turn()
    serving.holds.release(serial(1), "cli:bob")
    assert record(serving).hold is None
    serving.turn()
    assert serving.state(1) == "serving"
    assert serving.applied[-1] == [serial(1)]
    assert serving.book.held == {}
    with pytest.raises(InvalidValueError, match="serial"):
        serving.holds.release(serial(1), "cli:bob")


def test_it_ends_by_itself(serving: World) -> None:
    serving.holds.place(serial(1), hold(serving, 60))
    serving.turn(50)
    assert serving.state(1) == "held"
    serving.turn(20)
    assert serving.state(1) == "serving"
    assert record(serving).hold is None
    assert serving.events("held", "hold-expired") == ["held", "hold-expired"]


def test_an_unknown_modem_is_named_with_those_that_are_known(serving: World) -> None:
    with pytest.raises(InvalidValueError) as raised:
        serving.holds.place(serial(9), hold(serving))
    assert serial(1) in raised.value.remedy


def test_without_the_database_it_holds_and_is_written_later(serving: World) -> None:
    serving.registry.gone = True
    placed = hold(serving)
    serving.holds.place(serial(1), placed)
    serving.turn(5)
    assert record(serving).hold == placed
    serving.book.held.clear()
    serving.registry.gone = False
    serving.turn(60)
    assert serving.book.held == {serial(1): placed}


def test_what_an_earlier_agent_left_on_disk_is_the_truth(world: World) -> None:
    kept, stale = hold(world), hold(world, 99)
    world.book.held = {serial(2): stale}
    world.plug("1-1", serial(1))
    world.plug("1-2", serial(2))
    world.holds._reconciled = False
    world.turn()
    world.holds.load([ModemRecord(serial(1), 1, "1-1", None, None, True, False, kept)])
    world.worker.resync_soon()
    world.turn()
    assert world.book.held == {serial(1): kept}


def test_it_survives_a_replug_and_blocks_nothing_else(serving: World) -> None:
    placed = hold(serving)
    serving.holds.place(serial(1), placed)
    serving.states[serial(1)] = "held"
    serving.unplug("1-1")
    serving.turn()
    assert serving.state(1) == "offline"
    assert serving.applied[-1] == [serial(1)]  # gone from the bus, it is blocked all the same
    serving.plug("1-3", serial(1), devnum="5")
    serving.turn(5)
    assert serving.state(1) == "held"
    assert record(serving).hold == placed
    applied = len(serving.applied)
    serving.turn(300)
    assert len(serving.applied) == applied  # nobody tries again and again


def test_no_repair_of_a_held_modem(serving: World) -> None:
    serving.holds.place(serial(1), hold(serving))
    assert not serving.repairs.may(serial(1))
    assert serving.repairs.may(serial(2))
