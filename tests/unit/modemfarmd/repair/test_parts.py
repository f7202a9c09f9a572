# SPDX-License-Identifier: GPL-3.0-or-later
"""Ladder, budgets, brakes and the course of one illness, each by itself."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from modemfarmd.repair.budget import DAY_S, HOUR_S, RESETS_PER_HOUR, Budget
from modemfarmd.repair.course import FORGIVE_S, GRACE_S, PAUSE_LONGEST_S, Course, pause
from modemfarmd.repair.evidence import Asked, Control, Evidence
from modemfarmd.repair.ladder import RESETS, RUNGS, SEARCH_S, Step, plan, remedy
from modemfarmd.repair.shared import FARM, Brake, Shared, hub_of
from modemfarmd.repair.verdict import Verdict

SERIAL = "867584030000017"


def flat(low: float, high: float) -> float:
    return 0.0


def seen(at: float, control: Control = Control.ANSWERED) -> Evidence:
    return Evidence(SERIAL, at, at, control, "home", first=Asked(failure="lost"))


# The ladder.


@pytest.mark.parametrize("witness", [True, False])
@pytest.mark.parametrize(
    "verdict",
    [Verdict.NO_SIM, Verdict.SIM_LOCKED, Verdict.DENIED, Verdict.BROKEN_PROBE, Verdict.HEALTHY,
     Verdict.UNKNOWN],
)  # fmt: skip
def test_no_step_for_what_is_not_the_modem_s_own_fault(verdict: Verdict, witness: bool) -> None:
    assert plan(verdict, witness, 1e6) is None


@pytest.mark.parametrize(("verdict", "witness"), list(itertools.product(Verdict, (True, False))))
def test_without_a_witness_only_a_silent_modem_leaves_the_bus(
    verdict: Verdict, witness: bool
) -> None:
    steps = plan(verdict, witness, 1e6) or ()
    assert list(steps) == sorted(steps, key=list(Step).index)
    if not witness and verdict is not Verdict.MODEM_SILENT:
        assert not RESETS & set(steps)
    if verdict in (Verdict.NO_NETWORK, Verdict.PROXY_DEAD, Verdict.PORT_TAKEN):
        assert not RESETS & set(steps)


def test_no_network_is_given_time_to_search() -> None:
    assert plan(Verdict.NO_NETWORK, True, SEARCH_S - 1) is None
    assert plan(Verdict.NO_NETWORK, True, SEARCH_S) == (Step.RADIO,)
    assert plan(Verdict.NO_NETWORK, False, 1e6) is None


@pytest.mark.parametrize("verdict", [v for v in Verdict if v.ill])
def test_each_verdict_has_a_remedy_of_its_own(verdict: Verdict) -> None:
    assert remedy(verdict) != remedy(Verdict.UNKNOWN)


# Budgets.


@pytest.mark.parametrize("step", Step)
def test_an_hour_and_a_day_have_their_budgets(step: Step) -> None:
    budget = Budget()
    rung = RUNGS[step]
    for _ in range(rung.hourly):
        assert budget.allows(SERIAL, step, 0.0)
        budget.spend(SERIAL, step, 0.0)
    assert not budget.allows(SERIAL, step, HOUR_S - 1)
    assert budget.allows(SERIAL, step, HOUR_S)
    assert budget.allows("867584030000025", step, 0.0)
    for _ in range(rung.daily - rung.hourly):
        budget.spend(SERIAL, step, HOUR_S)
    assert not budget.allows(SERIAL, step, DAY_S - 1)
    assert budget.allows(SERIAL, step, DAY_S)


def test_the_farm_has_a_budget_of_resets() -> None:
    budget = Budget()
    for number in range(RESETS_PER_HOUR):
        assert budget.allows_reset(10.0)
        budget.spend(str(number), Step.USB, 10.0)
        budget.spend(str(number), Step.RECONNECT, 10.0)
    assert not budget.allows_reset(10.0)
    assert budget.allows_reset(10.0 + HOUR_S)


# Brakes.


@pytest.mark.parametrize(
    ("known", "failing", "on"),
    [(1, 1, False), (2, 1, False), (2, 2, True), (3, 1, False), (3, 2, True), (7, 2, False),
     (6, 2, True), (30, 9, False), (30, 10, True)],
)  # fmt: skip
def test_more_than_a_third_and_at_least_two(known: int, failing: int, on: bool) -> None:
    brake = Brake()
    brake.look(100.0, known, {str(number): 90.0 for number in range(failing)})
    assert brake.on is on


def test_failures_that_do_not_begin_together_are_no_shared_cause() -> None:
    brake = Brake()
    brake.look(1_000.0, 3, {"a": 100.0, "b": 400.0, "c": 990.0})
    assert not brake.on


def test_the_brake_stays_on_while_they_go_on_failing() -> None:
    brake = Brake()
    onsets = {"a": 95.0, "b": 99.0, "c": 100.0}
    brake.look(100.0, 3, onsets)
    brake.look(10_000.0, 3, onsets)
    assert brake.on
    brake.look(10_001.0, 3, {"a": 95.0})
    assert not brake.on


def test_one_alarm_though_the_farm_and_its_hubs_fail() -> None:
    shared = Shared()
    hubs = {str(number): f"1-{number % 2}" for number in range(8)}
    shared.look(100.0, hubs, dict.fromkeys(hubs, 99.0))
    alarm = shared.alarm(hubs)
    assert alarm is not None
    assert (alarm.scope, len(alarm.members)) == (FARM, 8)
    assert shared.alarm(hubs) is None
    shared.look(110.0, hubs, {})
    over = shared.alarm(())
    assert over is not None
    assert over.over


def test_unconfirmed_failures_brake_but_do_not_alarm() -> None:
    shared = Shared()
    hubs: dict[str, str | None] = {"a": "1-1", "b": "1-1"}
    shared.look(100.0, hubs, dict.fromkeys(hubs, 99.0))
    assert shared.braked("1-1")
    assert shared.alarm({"a"}) is None


@pytest.mark.parametrize(
    ("path", "hub"),
    [("1-1", "1-0"), ("1-1.4", "1-1"), ("1-1.4.2", "1-1.4"), ("2-3", "2-0"), (None, None)],
)
def test_the_hub_of_a_path(path: str | None, hub: str | None) -> None:
    assert hub_of(path) == hub


# The course of an illness.


def test_failures_within_the_grace_do_not_count_unless_it_worked_before() -> None:
    course = Course(arrived=100.0)
    course.take(seen(100.0 + GRACE_S - 1), Verdict.DATA_DEAD)
    assert course.failures == 0
    course.take(seen(100.0 + GRACE_S), Verdict.DATA_DEAD)
    assert course.failures == 1
    course.arrive(500.0)
    course.proved(510.0)
    course.take(seen(511.0), Verdict.DATA_DEAD)
    assert course.failures == 1


def test_a_good_look_ends_an_episode_but_not_the_illness() -> None:
    course = Course(0.0, proven=True)
    course.stepped(Step.RECONNECT, 10.0, flat)
    course.take(seen(50.0), Verdict.HEALTHY)
    course.take(seen(50.0 + FORGIVE_S - 1), Verdict.HEALTHY)
    assert course.taken == [Step.RECONNECT]
    course.take(seen(50.0 + FORGIVE_S), Verdict.HEALTHY)
    assert course.taken == []


def test_pauses_grow_to_a_quarter_of_an_hour() -> None:
    pauses = [pause(number, flat) for number in range(1, 9)]
    assert pauses == [30, 60, 120, 240, 480, 900, 900, 900]
    assert max(pauses) == PAUSE_LONGEST_S


def test_looks_from_before_the_end_of_a_step_s_cool_down_do_not_count() -> None:
    course = Course(0.0, proven=True)
    course.stepped(Step.RESET, 100.0, flat)
    course.take(seen(100.0 + RUNGS[Step.RESET].cool_down - 1), Verdict.DATA_DEAD)
    assert course.failures == 0


def test_a_busy_port_does_not_bring_a_sim_back() -> None:
    course = Course(0.0)
    course.heard(replace(seen(1.0), sim="absent"))
    assert course.heard(seen(2.0, Control.BUSY)).sim == "absent"
    assert course.heard(seen(3.0)).sim is None


def test_only_an_answer_ends_silence() -> None:
    course = Course(0.0)
    for control in (Control.SILENT, Control.BUSY, Control.SILENT, Control.UNASKED):
        course.heard(seen(1.0, control))
    assert course.silent == 2
    course.heard(seen(2.0))
    assert course.silent == 0
