# SPDX-License-Identifier: GPL-3.0-or-later
"""From looks to steps, events, rows and states; the farm around it is faked, the clock is ours."""

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from modemfarm.hold import Hold
from modemfarmd.agent.client import Repaired
from modemfarmd.agent.look import Report
from modemfarmd.agent.store import Radio
from modemfarmd.errors import ApplyError
from modemfarmd.registry.model import Outcome
from modemfarmd.registry.repairs import Repair
from modemfarmd.repair.evidence import Asked, Control, Evidence, Owner

from .world import World, serial

LOST = Asked(failure="no answer within 5 s")
DATA_DEAD: dict[str, Any] = {
    "first": LOST, "second": LOST, "pulse": True, "received": False,
}  # fmt: skip


class Ward:
    """A world with modems that serve, and what looks at each of them see."""

    def __init__(self, world: World, modems: int = 3) -> None:
        self.world = world
        self.numbers = range(1, modems + 1)
        self.bad: dict[int, dict[str, Any]] = {}
        for number in self.numbers:
            world.plug(f"1-{number}", serial(number))
        world.turn()

    def seen(self, number: int) -> Evidence:
        now = self.world.now
        good = Evidence(
            serial(number), now, now + 0.5, Control.ANSWERED, "home", None, True, "wwan0",
            ("10.64.0.2",), None, Owner.OURS, None, Asked(f"203.0.113.{number}"),
        )  # fmt: skip
        return replace(good, **self.bad.get(number, {}))

    def look(self, number: int) -> None:
        radio = Radio(serial(number), -70, "Lab", "home")
        self.world.vitals.reported(Report(self.seen(number), radio))

    def rounds(self, seconds: float) -> None:
        """Everybody is looked at every ten seconds."""
        for _ in range(int(seconds / 10)):
            for number in self.numbers:
                modem = self.world.farm.modems[serial(number)]
                if modem.seen.present and not modem.repairing:
                    self.look(number)
            self.world.turn(10)

    def fails(self, number: int, **changes: Any) -> None:
        self.bad[number] = DATA_DEAD | changes

    @property
    def steps(self) -> list[tuple[int, str]]:
        return [(int(who[-7:]), step) for who, step in self.world.repaired]

    def told(self) -> list[str]:
        kinds = ("alert", "recovered", "repair", "repair-failed", "shared-cause", "degraded",
                 "operator-needed", "address-changed", "failed")  # fmt: skip
        return self.world.events(*kinds)


@pytest.fixture
def ward(world: World) -> Ward:
    return Ward(world)


def cure(ward: Ward, step: str, error: str | None = None) -> None:
    """Let one step cure whatever is bad."""

    def repair(who: str, taken: str) -> Repaired:
        ward.world.repaired.append((who, taken))
        if taken == step:
            ward.bad.pop(int(who[-7:]), None)
        return Repaired(taken, 4.0, {"registration": "home"}, {"rssi_dbm": -70}, error)

    ward.world.repairs._request = repair


def test_a_data_dead_modem_is_reconnected_and_its_neighbours_are_left_alone(ward: Ward) -> None:
    cure(ward, "reconnect")
    ward.rounds(30)
    applied = len(ward.world.applied)
    ward.fails(1)
    ward.rounds(90)
    assert ward.steps == [(1, "reconnect")]
    assert ward.world.applied[applied:] == [[serial(1)]]  # the step is proved by an apply
    assert ward.world.state(1) == "serving"
    assert ward.told() == ["repair"]
    (kept,) = ward.world.kept
    assert (kept.serial, kept.step, kept.outcome) == (serial(1), "reconnect", "done")
    assert kept.cause == "data-dead: no answer within 5 s"
    assert kept.evidence["verdict"] == "data-dead"
    assert kept.evidence["second"] == {"address": None, "failure": "no answer within 5 s"}
    assert (kept.before, kept.after) == ({"registration": "home"}, {"rssi_dbm": -70})
    assert kept.ended >= kept.began


def test_two_lost_requests_are_no_news(ward: Ward) -> None:
    ward.rounds(30)
    ward.fails(1)
    ward.rounds(20)
    ward.bad.clear()
    ward.rounds(60)
    assert (ward.steps, ward.told()) == ([], [])


def test_a_step_that_fails_is_told_and_the_next_rung_follows(ward: Ward) -> None:
    cure(ward, "proxy", error="no such connection")
    ward.fails(1)
    ward.rounds(300)
    assert ward.steps == [(1, "reconnect"), (1, "proxy")]
    assert [repair.outcome for repair in ward.world.kept] == ["failed", "failed"]
    assert ward.world.kept[0].evidence["error"] == "no such connection"
    assert "repair-failed" in ward.told()


def test_a_step_that_was_not_taken_counts_for_nothing(ward: Ward) -> None:
    refusals = []

    def refuse(who: str, step: str) -> Repaired:
        refusals.append((ward.world.now, step))
        raise ApplyError("another run works on it: awx")

    ward.world.repairs._request = refuse
    ward.fails(1)
    ward.rounds(300)
    steps = [step for _, step in refusals]
    assert steps[:4] == ["reconnect", "reconnect", "reconnect", "proxy"]
    gaps = [late - early for (early, _), (late, _) in itertools.pairwise(refusals)]
    assert min(gaps) >= 30
    assert ward.world.kept == []


def test_a_service_that_hangs_has_taken_the_step_for_all_we_know(ward: Ward) -> None:
    def hang(who: str, step: str) -> Repaired:
        ward.world.repaired.append((who, step))
        raise ApplyError("timed out")

    ward.world.repairs._request = hang
    ward.world.job_seconds = 400.0
    ward.fails(1)
    ward.rounds(500)
    assert ward.steps[:1] == [(1, "reconnect")]
    assert [(one.step, one.outcome) for one in ward.world.kept][:1] == [("reconnect", "failed")]


def test_all_at_once_is_one_event_and_no_step(ward: Ward) -> None:
    ward.rounds(30)
    for number in ward.numbers:
        ward.fails(number)
    ward.rounds(600)
    assert ward.steps == []
    assert ward.told().count("shared-cause") == 1
    assert "alert" not in ward.told()


def test_a_held_modem_is_left_alone(ward: Ward) -> None:
    until = ward.world.wall() + timedelta(minutes=5)
    ward.world.farm.modems[serial(1)].hold = Hold(until, "alice", "at work")
    ward.fails(1)
    ward.rounds(250)
    assert ward.steps == []
    ward.rounds(150)
    assert ward.steps[:1] == [(1, "reconnect")]


def test_no_step_while_an_apply_is_at_work(ward: Ward) -> None:
    ward.rounds(30)
    ward.world.job_seconds = 120.0
    ward.fails(1)
    ward.world.worker.apply_some([serial(1)])
    ward.rounds(100)
    assert ward.steps == []


def test_a_modem_that_works_and_is_said_to_have_failed_is_applied(ward: Ward) -> None:
    ward.world.states[serial(1)] = "failed"
    ward.world.worker.apply_some([serial(1)])
    ward.world.turn(1)
    assert ward.world.state(1) == "failed"
    ward.world.states.clear()
    ward.rounds(30)
    assert ward.world.state(1) == "serving"


def test_what_an_apply_calls_degraded_keeps_its_own_back_off(ward: Ward) -> None:
    ward.world.states[serial(1)] = "degraded"
    ward.world.worker.apply_some([serial(1)])
    ward.world.turn(1)
    ward.rounds(600)
    applied = len(ward.world.applied)
    ward.rounds(240)
    assert len(ward.world.applied) - applied <= 1
    assert ward.steps == []


def test_an_apply_that_does_not_see_it_is_not_asked_for_ever(ward: Ward) -> None:
    ward.world.states[serial(1)] = "failed"
    ward.world.worker.apply_some([serial(1)])
    ward.world.turn(300)
    applied = len(ward.world.applied)
    ward.rounds(600)
    assert len(ward.world.applied) - applied <= 600 / 60 + 2


def test_a_lost_bearer_is_applied_before_any_step(ward: Ward) -> None:
    ward.rounds(30)
    applied = len(ward.world.applied)
    ward.bad[1] = DATA_DEAD | {"addresses": ()}
    ward.rounds(10)
    assert (ward.world.applied[applied:], ward.steps) == ([[serial(1)]], [])


def test_a_new_outside_address_is_written_and_told(ward: Ward) -> None:
    ward.rounds(30)
    ward.bad[1] = {"first": Asked("198.51.100.9")}
    ward.rounds(10)
    assert ward.world.registry.table[serial(1)]["wan_address"] == "198.51.100.9"
    assert ward.told() == ["address-changed"]
    assert ward.steps == []


def test_what_was_done_before_the_agent_began_counts(ward: Ward) -> None:
    now = ward.world.wall()
    past = [
        Repair(serial(1), step, "x", now - timedelta(minutes=age), now, "done")
        for age in range(10, 16)
        for step in ("reconnect", "a-step-of-a-later-version")
    ]
    ward.world.caretaker.remember(past[:4])
    ward.world.caretaker.remember(past)  # the file said it first, the registry says it again
    ward.fails(1)
    ward.rounds(50)
    assert ward.steps == [(1, "proxy")]
    assert [(who, step) for who, step, _ in ward.world.noted] == [(serial(1), "proxy")]


def test_the_operator_gets_a_state_a_reason_and_a_remedy(ward: Ward) -> None:
    """Whatever is done, the apply after it says that the probe fails."""
    original = ward.world.outcome

    def outcome(who: str) -> Outcome:
        if who == serial(1) and 1 in ward.bad:
            return Outcome(who, "error", "failed", "probe failed: no answer", "see the journal")
        return original(who)

    ward.world.outcome = outcome  # type: ignore[method-assign]
    ward.fails(1)
    ward.rounds(3_000)
    assert [step for _, step in ward.steps][:6] == [
        "reconnect", "proxy", "radio", "reset", "usb", "hub-power",
    ]  # fmt: skip
    assert ward.told().count("operator-needed") == 1
    seen = ward.world.farm.modems[serial(1)].seen
    assert (seen.state, seen.status) == ("failed", "error")
    assert seen.reason == (
        "data-dead: no answer within 5 s; tried: reconnect, proxy, radio, reset, usb, hub-power"
    )
    assert seen.remedy == "look whether its SIM has data left; try the SIM in another modem"
    ward.bad.clear()
    ward.rounds(60)
    assert ward.world.state(1) == "serving"


def test_a_modem_that_restarts_by_our_step_is_given_its_grace(ward: Ward) -> None:
    def restart(who: str, step: str) -> Repaired:
        ward.world.repaired.append((who, step))
        if step == "reset":
            ward.world.unplug("1-1")
            ward.world.plug("1-1", who, devnum="2")
        return Repaired(step, 30.0, None, None, None)

    ward.world.repairs._request = restart
    ward.fails(1)
    ward.rounds(600)
    reset = ward.steps.index((1, "reset"))
    assert len(ward.steps) <= reset + 2


def test_a_restart_of_the_modem_is_no_failure_of_the_others(ward: Ward) -> None:
    ward.rounds(30)
    ward.world.unplug("1-1")
    ward.rounds(60)
    assert (ward.steps, ward.told()) == ([], [])


def roster(ward: Ward) -> dict[int, tuple[int, bool]]:
    """Number of the modem → uid of its proxy less its port, and whether it is to serve."""
    return {
        int(patient.serial[-7:]): ((patient.uid or 0) - (patient.port or 0), patient.expected)
        for patient in ward.world.vitals.roster()
    }


def test_who_is_asked_through_its_port(ward: Ward) -> None:
    assert roster(ward) == dict.fromkeys(ward.numbers, (61_000 - 3127, True))
    ward.world.states[serial(1)] = "waiting"
    ward.world.worker.apply_some([serial(1)])
    ward.world.turn(1)
    assert roster(ward)[1] == (61_000 - 3127, False)
    ward.world.job_seconds = 20.0
    cure(ward, "reconnect")
    ward.fails(2)
    ward.rounds(40)
    assert ward.world.state(2) == "repairing"
    assert 2 not in roster(ward)


def test_a_pulled_sim_is_the_reason_though_modemmanager_has_not_noticed(ward: Ward) -> None:
    world, who = ward.world, serial(1)
    ward.rounds(30)
    waiting = Outcome(who, "offline", "waiting", "not registered: unknown", "antenna")
    world.outcome = lambda _: waiting  # type: ignore[method-assign]
    world.applier.add([who])
    world.turn()
    assert world.farm.modems[who].seen.reason == "not registered: unknown"
    ward.fails(1, sim="absent", registration="unknown")
    ward.look(1)
    world.turn()
    for _ in range(3):
        seen = world.farm.modems[who].seen
        assert (seen.state, seen.reason, seen.remedy) == ("waiting", "no SIM", "put a SIM in")
        world.applier.add([who])
        applied = len(world.applied)
        world.turn(25)
        assert len(world.applied) > applied
    assert ward.steps == []
    ward.fails(1, registration="searching")
    ward.look(1)
    world.applier.add([who])
    world.turn(25)
    assert world.farm.modems[who].seen.reason == "not registered: unknown"
