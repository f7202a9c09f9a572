# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift: looked for each minute, told once with what, mended, and not fought over."""

from datetime import timedelta

import pytest

from modemfarm.hold import Hold

from .world import World, serial


@pytest.fixture
def serving(world: World) -> World:
    for number in (1, 2):
        world.plug(f"1-{number}", serial(number))
    world.turn()
    world.applied.clear()
    return world


def test_no_drift_costs_a_look_a_minute(serving: World) -> None:
    serving.turn(290)
    assert len(serving.looked) == 4
    assert serving.applied == []
    assert serving.events("drift") == []


def test_drift_of_one_modem_is_told_and_only_it_is_applied(serving: World) -> None:
    serving.drifted = {serial(1): ["rule", "proxy"], serial(2): []}
    serving.turn(65)
    assert serving.applied == [[serial(1)]]
    assert serving.events("drift") == ["drift"]
    assert serving.turn_of_drift.last == {serial(1): ["rule", "proxy"]}
    serving.drifted = {}
    serving.turn(60)
    assert serving.turn_of_drift.last == {}


def test_drift_of_the_host_is_mended_even_when_every_modem_waits(serving: World) -> None:
    for number in (1, 2):
        serving.states[serial(number)] = "failed"
    serving.worker.apply_some([])
    serving.turn(1)
    serving.applied.clear()
    serving.host_drift = ["guard"]
    serving.turn_of_drift.soon()
    serving.turn(2)
    assert sorted(serving.applied[0]) == [serial(1), serial(2)]
    assert serving.events("drift") == ["drift"]


def test_what_is_not_mended_is_told_once_and_tried_less_and_less(serving: World) -> None:
    serving.drifted = {serial(1): ["rule"]}
    serving.turn(20 * 60)
    assert serving.events("drift") == ["drift"]
    assert len(serving.applied) == 5  # after 1, 2, 4, 8 and 16 minutes
    serving.drifted = {serial(1): ["route"]}
    serving.turn(60)
    assert serving.events("drift") == ["drift", "drift"]


def test_a_held_modem_is_told_and_left_alone(serving: World) -> None:
    until = serving.wall() + timedelta(hours=1)
    serving.holds.place(serial(1), Hold(until, "cli:alice", "antenna"))
    serving.drifted = {serial(1): ["route"]}
    serving.turn(65)
    assert serving.applied == []
    assert serving.events("drift") == ["drift"]


def test_a_modem_that_is_being_dealt_with_has_no_drift(serving: World) -> None:
    serving.states[serial(1)] = "waiting"
    serving.worker.apply_some([serial(1)])
    serving.turn(1)
    serving.drifted = {serial(1): ["route"]}
    serving.turn(65)
    assert serving.events("drift") == []


def test_a_service_that_is_away_is_no_drift(serving: World) -> None:
    serving.apply_fails = True
    serving.turn(200)
    assert len(serving.looked) == 3
    assert (serving.applied, serving.events("drift")) == ([], [])
