# SPDX-License-Identifier: GPL-3.0-or-later
"""A modem whose SIM cannot be read yet is asked again, and nothing is unplugged by that."""

import pytest

from modemfarmd.agent.look import Report
from modemfarmd.agent.sim_entry import SimTrouble
from modemfarmd.repair.evidence import Control, Evidence

from .world import World, serial

WHO = serial(1)


@pytest.fixture
def locked(world: World) -> World:
    """Its SIM was busy when it was asked, and then it wants its PIN."""
    world.imsi[WHO] = None
    world.plug("1-1", WHO)
    world.turn()
    return world


def test_a_sim_that_starts_late_is_read(locked: World) -> None:
    assert not locked.snapshots[-1].modems[0].sim_open
    locked.imsi[WHO] = "262010000000001"
    locked.turn(5)
    assert locked.snapshots[-1].modems[0].sim_open
    assert locked.applied[-1] == [WHO]
    asked = len(locked.asked)
    locked.turn(600)
    assert len(locked.asked) == asked


def test_without_a_sim_it_is_asked_once_a_minute_and_stays(locked: World) -> None:
    locked.sims[WHO] = SimTrouble("SIM not inserted", "insert one")
    locked.turn(300)
    locked.who["1-1"] = None  # its port is busy
    asked, applied = len(locked.asked), len(locked.applied)
    locked.turn(600)
    assert 9 <= len(locked.asked) - asked <= 22
    assert len(locked.applied) == applied
    assert locked.farm.modems[WHO].sim == SimTrouble("SIM not inserted", "insert one")
    assert locked.events("unplugged", "unidentified", "restarted") == []


def test_a_sim_that_is_taken_out_and_put_back_is_read_again(world: World) -> None:
    """In between it wants its PIN, which goes in when it is asked who it is."""
    world.plug("1-1", WHO)
    world.turn()
    world.imsi[WHO], world.sims[WHO] = None, SimTrouble("SIM not inserted", "insert one")
    for _ in range(3):
        at = world.now
        gone = Evidence(WHO, at, at, control=Control.ANSWERED, registration="none", sim="absent")
        world.vitals.reported(Report(gone))
        world.turn(5)
    assert world.asked.count("1-1") >= 2
    assert not world.snapshots[-1].modems[0].sim_open
    world.imsi[WHO] = "262010000000002"
    del world.sims[WHO]
    world.turn(65)
    assert world.snapshots[-1].modems[0].sim_open
    assert world.farm.modems[WHO].seen.imsi == "262010000000002"
    assert world.state(1) == "serving"
