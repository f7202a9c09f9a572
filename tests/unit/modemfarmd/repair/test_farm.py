# SPDX-License-Identifier: GPL-3.0-or-later
"""The keeper over a random farm: what it may never do, and that it cures what can be cured."""

from __future__ import annotations

import random

import pytest

from .model import CURABLE, HOPELESS, Fault, Model, well

SEEDS = range(6)
HOUR = 3_600.0


@pytest.mark.parametrize("seed", SEEDS)
def test_random_faults_of_single_modems(seed: int) -> None:
    """Every order is checked by the model; what can be cured is, and the well are left alone."""
    model = well(Model(30, seed))
    chance = random.Random(seed)  # noqa: S311
    broken = set()
    for _ in range(10):
        modem = chance.choice([m for m in model.farm.values() if m.fault is Fault.NONE])
        model.break_(modem, chance.choice(CURABLE + HOPELESS))
        broken.add(modem.serial)
        if chance.random() < 0.2:
            modem.left_alone = True
        if chance.random() < 0.3:
            model.restart()
        model.run(chance.uniform(150, 700))
    model.run(HOUR)
    ill = {m.fault for m in model.farm.values() if not m.left_alone}
    assert ill <= {Fault.NONE, *HOPELESS}
    assert {serial for _, serial, _ in model.log} <= broken
    assert not model.told("shared-cause")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_quiet_farm_with_lost_requests_is_never_touched(seed: int) -> None:
    model = Model(30, seed, noise=0.01)
    model.run(2 * HOUR)
    assert model.log == []
    assert not [notice for notice in model.notices if notice.kind != "recovered"]


@pytest.mark.parametrize("size", [2, 3, 5, 30])
@pytest.mark.parametrize("names_resolve", [True, False])
def test_a_broken_probe_repairs_nothing(size: int, names_resolve: bool) -> None:
    """One target, and it is gone for an hour: one alarm, whatever the size of the farm."""
    model = Model(size, seed=7, noise=0.0, second_target=False, names_resolve=names_resolve)
    well(model)
    model.targets_down = (True, True)
    model.run(HOUR)
    assert model.log == []
    assert len(model.told("shared-cause")) == 1
    assert not model.told("alert")
    model.targets_down = (False, False)
    model.run(300)
    assert len(model.told("shared-cause-over")) == 1
    assert model.log == []


def test_a_modem_that_fails_first_waits_for_a_look_at_its_neighbour() -> None:
    """It has failed three times before the other one, which fails as well, is looked at."""
    model = well(Model(2, seed=3, noise=0.0, fail_fast=True, names_resolve=False))
    model.targets_down = (True, True)
    model[0].next_look, model[1].next_look = model.now, model.now + 29
    model.run(600)
    assert model.log == []


@pytest.mark.parametrize("size", [2, 3, 5, 30])
def test_both_targets_gone_repairs_nothing(size: int) -> None:
    model = well(Model(size, seed=3, noise=0.0))
    model.targets_down = (True, True)
    model.run(HOUR)
    assert model.log == []
    assert len(model.told("shared-cause")) == 1


def test_the_first_target_alone_is_told_and_nobody_fails(farm: Model) -> None:
    farm.targets_down = (True, False)
    farm.run(HOUR)
    assert farm.log == []
    assert [n.kind for n in farm.notices] == ["probe-broken"]


@pytest.mark.parametrize("seed", SEEDS)
def test_all_fail_at_once_is_one_alarm_and_no_reset(seed: int) -> None:
    model = well(Model(30, seed))
    model.carrier_down = True
    model.run(800)
    assert model.log == []
    assert len(model.told("shared-cause")) == 1
    model.carrier_down = False
    model.run(HOUR)
    assert model.log == []
    assert len(model.told("shared-cause")) == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_the_last_to_recover_from_a_shared_cause_has_a_minute_like_the_others(seed: int) -> None:
    """While it failed together with others it had no alert; alone it gets one only if it lasts."""
    model = well(Model(4, seed, noise=0.0))
    for modem in model.farm.values():
        model.break_(modem, Fault.DEAD)
    model.run(300)
    *rest, last = model.farm.values()
    for modem in rest:
        model.break_(modem, Fault.NONE)
    model.run(45)
    model.break_(last, Fault.NONE)
    model.run(120)
    assert len(model.told("shared-cause-over")) == 1
    assert not model.told("alert")


def test_a_carrier_that_lost_all_bearers_is_found_by_one_scout(farm: Model) -> None:
    for modem in farm.farm.values():
        farm.break_(modem, Fault.BEARER)
    farm.run(800)
    assert farm.log == []
    farm.run(2 * HOUR)
    assert set(farm.steps()) == {"reconnect"}
    assert all(modem.fault is Fault.NONE for modem in farm.farm.values())
    assert len(farm.told("shared-cause")) == 1


def test_a_hub_that_fails_is_one_alarm_and_no_reset(farm: Model) -> None:
    for modem in farm.farm.values():
        if modem.hub == "1-2":
            farm.break_(modem, Fault.DEAD)
    farm.run(2 * HOUR)
    assert not {"reset", "usb", "hub-power"} & set(farm.steps())
    alarms = farm.told("shared-cause")
    assert [alarm.detail["scope"] for alarm in alarms] == ["1-2"]


def test_a_hub_that_loses_its_power_is_one_alarm(farm: Model) -> None:
    for modem in farm.farm.values():
        if modem.hub == "1-2":
            modem.present = False
    farm.run(400)
    assert farm.log == []
    assert [alarm.detail["scope"] for alarm in farm.told("shared-cause")] == ["1-2"]


@pytest.mark.parametrize("second_target", [True, False])
def test_a_single_modem_whose_targets_are_gone_is_not_touched_while_packets_come(
    second_target: bool,
) -> None:
    model = well(Model(1, seed=5, noise=0.0, second_target=second_target))
    model.targets_down = (True, True)
    model.run(24 * HOUR)
    assert model.log == []


@pytest.mark.parametrize("second_target", [True, False])
def test_a_single_modem_never_leaves_the_bus(second_target: bool) -> None:
    """No packet comes and nobody else is there to compare with: the gentle steps, no reset."""
    model = Model(1, seed=5, noise=0.0, second_target=second_target, names_resolve=False)
    well(model)
    model.targets_down = (True, True)
    model.run(24 * HOUR)
    assert model.steps()[:3] == ["reconnect", "proxy", "radio"]
    assert not {"reset", "usb", "hub-power"} & set(model.steps())
    assert len(model.told("operator-needed")) == 1


@pytest.mark.parametrize("fault", [Fault.NO_SIM, Fault.PIN, Fault.DENIED, Fault.TAKEN])
def test_what_no_step_can_cure_gets_none(farm: Model, fault: Fault) -> None:
    farm.break_(farm[4], fault)
    farm.run(4 * HOUR)
    assert farm.log == []


def test_no_network_is_searched_for_but_never_reset(farm: Model) -> None:
    farm.break_(farm[4], Fault.NO_NETWORK)
    farm.run(600)
    assert farm.log == []
    farm.run(4 * HOUR)
    assert set(farm.steps()) == {"radio"}
    assert len(farm.log) <= 5
    assert farm.told("operator-needed")[0].detail["remedy"].startswith("look at its antenna")


@pytest.mark.parametrize(
    ("fault", "steps"),
    [
        (Fault.BEARER, ["reconnect"]),
        (Fault.PROXY, ["proxy"]),
        (Fault.RADIO, ["reconnect", "proxy", "radio"]),
        (Fault.FIRMWARE, ["reconnect", "proxy", "radio", "reset"]),
        (Fault.MISDRIVEN, ["reset"]),
        (Fault.HUNG, ["reconnect", "usb"]),
        (Fault.POWER, ["reconnect", "usb", "hub-power"]),
    ],
)
def test_the_cheapest_step_that_cures_is_the_last(
    farm: Model, fault: Fault, steps: list[str]
) -> None:
    farm.break_(farm[4], fault)
    farm.run(HOUR)
    assert (farm[4].fault, farm.steps(4)) == (Fault.NONE, steps)
    assert len(farm.log) == len(steps)
    assert [n.kind for n in farm.notices] in ([], ["alert", "recovered"])


@pytest.mark.parametrize(("size", "ill", "hours"), [(4, 3, 1), (4, 4, 1), (30, 30, 4)])
def test_modems_that_modemmanager_read_wrong_are_reset_one_after_the_other(
    size: int, ill: int, hours: int
) -> None:
    """As after its restart at a bad moment: one alarm, but the cause is known and each is cured."""
    model = well(Model(size, seed=3, noise=0.0))
    for number in range(ill):
        model.break_(model[number], Fault.MISDRIVEN)
    model.run(hours * HOUR)
    assert {modem.fault for modem in model.farm.values()} == {Fault.NONE}
    assert sorted(serial for _, serial, _ in model.log) == list(model.farm)[:ill]
    assert set(model.steps()) == {"reset"}
    assert len(model.told("shared-cause")) == 1
    assert not model.told("operator-needed")


def test_the_last_rung_hands_over_once_with_one_remedy(farm: Model) -> None:
    farm.break_(farm[4], Fault.DEAD)
    farm.run(6 * HOUR)
    assert farm.steps(4)[:6] == ["reconnect", "proxy", "radio", "reset", "usb", "hub-power"]
    assert set(farm.steps(4)[6:]) == {"reconnect"}
    (told,) = farm.told("operator-needed")
    assert told.serial == farm[4].serial
    assert (
        told.detail["remedy"] == "look whether its SIM has data left; try the SIM in another modem"
    )
    standing = farm.keeper.standing(farm[4].serial)
    assert standing is not None
    assert standing.handed_over


def test_held_and_quarantined_modems_are_left_alone(farm: Model) -> None:
    farm[4].left_alone = True
    farm.break_(farm[4], Fault.BEARER)
    farm.run(HOUR)
    assert farm.log == []
    farm[4].left_alone = False
    farm.run(300)
    assert farm.steps(4) == ["reconnect"]


def test_a_proxy_that_hangs_is_restarted_within_90_seconds(farm: Model) -> None:
    farm.break_(farm[4], Fault.PROXY)
    farm.run(90)
    assert farm.steps(4) == ["proxy"]


def test_budgets_hold_over_restarts_of_the_agent(farm: Model) -> None:
    """The model checks each order against its own log, which the restarts do not touch."""
    for _ in range(40):
        farm.break_(farm[4], Fault.BEARER)
        farm.run(330)
        farm.restart()
    assert farm.steps(4).count("reconnect") > 6
