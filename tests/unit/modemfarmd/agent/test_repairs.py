# SPDX-License-Identifier: GPL-3.0-or-later
"""Single repair steps: when one may begin, what is shown meanwhile, and what follows."""

import pytest

from modemfarmd.agent.repairs import PARALLEL, Order, Repairs

from .world import World, serial


@pytest.fixture
def serving(world: World) -> World:
    for number in (1, 2, 3):
        world.plug(f"1-{number}", serial(number))
    world.turn()
    return world


def order(number: int, step: str = "reconnect") -> Order:
    return Order(serial(number), step, "three requests failed")


def test_a_step_is_done_told_and_followed_by_an_apply(serving: World) -> None:
    ended = []
    serving.repairs.ended = lambda order, result: ended.append((order, result.error))
    serving.job_seconds = 5.0
    applied = len(serving.applied)
    assert serving.repairs.order(order(1))
    serving.turn(1)
    assert serving.state(1) == "repairing"
    assert serving.registry.table[serial(1)]["reason"] == "reconnect, because three requests failed"
    serving.turn(20)
    assert serving.repaired == [(serial(1), "reconnect")]
    assert ended == [(order(1), None)]
    assert serving.applied[applied:] == [[serial(1)]]
    assert serving.state(1) == "serving"


def test_a_restart_by_a_step_is_no_unplugging(serving: World) -> None:
    serving.job_seconds = 30.0
    serving.repairs.order(order(1, "reset"))
    serving.turn(2)
    applied = len(serving.applied)
    serving.unplug("1-1")
    serving.turn(3)
    assert serving.state(1) == "repairing"
    assert len(serving.applied) == applied  # the step has the modem
    serving.plug("1-1", serial(1), devnum="2")
    serving.turn(3)
    assert serving.state(1) == "repairing"
    serving.turn(70)
    assert serving.state(1) == "serving"
    assert serving.events("unplugged", "restarting") == ["restarting"]


def test_one_that_does_not_come_back_is_absent_in_the_end(serving: World) -> None:
    serving.job_seconds = 10.0
    serving.repairs.order(order(1, "reset"))
    serving.turn(1)
    serving.unplug("1-1")
    serving.turn(60)
    assert serving.state(1) == "offline"
    records = {record.serial: record for record in serving.snapshots[-1].modems}
    assert not records[serial(1)].present
    assert serving.applied[-1] == [serial(1)]


def test_an_apply_that_ends_meanwhile_does_not_end_the_repair(serving: World) -> None:
    serving.job_seconds = 10.0
    serving.repairs.order(order(1))
    serving.turn(1)
    assert not serving.repairs.order(order(1))  # one step at a time
    assert not serving.repairs.may(serial(1))


def test_not_while_it_is_away_or_being_applied(serving: World) -> None:
    serving.job_seconds = 10.0
    serving.worker.apply_some([serial(1)])
    serving.turn()
    assert not serving.repairs.may(serial(1))
    serving.unplug("1-2")
    serving.turn()
    assert not serving.repairs.may(serial(2))
    assert not serving.repairs.may(serial(9))


def test_no_more_at_once_than_allowed(serving: World) -> None:
    serving.job_seconds = 10.0
    assert [serving.repairs.order(order(number)) for number in (1, 2, 3)] == [
        True, True, False,
    ]  # fmt: skip
    assert serving.repairs.jobs == PARALLEL
    assert isinstance(serving.repairs, Repairs)
