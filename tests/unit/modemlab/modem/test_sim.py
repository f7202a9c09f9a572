# SPDX-License-Identifier: GPL-3.0-or-later
import pytest

from modemlab.modem.errors import (
    PinRequiredError,
    PukRequiredError,
    SimBlockedError,
    SimMissingError,
    WrongPinError,
)
from modemlab.modem.sim import Sim, SimState


@pytest.fixture
def sim() -> Sim:
    return Sim("1234", "12345678", pin_enabled=True)


def test_every_pin_that_reaches_the_card_is_counted() -> None:
    sim = Sim("1234", "12345678", pin_enabled=True)
    with pytest.raises(WrongPinError):
        sim.verify("0000")
    sim.verify("1234")
    sim.set_lock(False, "1234")
    sim.change_pin("1234", "4321")
    with pytest.raises(WrongPinError):
        sim.unblock("00000000", "1234")
    assert sim.pin_attempts == 5
    sim.present = False
    with pytest.raises(SimMissingError):
        sim.verify("1234")
    assert sim.pin_attempts == 5


def test_a_locked_card_wants_its_pin(sim: Sim) -> None:
    assert sim.state is SimState.PIN
    with pytest.raises(PinRequiredError):
        sim.require_ready()


def test_the_pin_opens_it_until_power_goes(sim: Sim) -> None:
    sim.verify("1234")
    assert sim.state is SimState.READY
    sim.power_cycle()
    assert sim.state is SimState.PIN


def test_a_wrong_pin_costs_a_try_that_power_does_not_give_back(sim: Sim) -> None:
    with pytest.raises(WrongPinError):
        sim.verify("0000")
    sim.power_cycle()
    assert sim.pin_tries == 2


def test_a_right_pin_gives_the_tries_back(sim: Sim) -> None:
    with pytest.raises(WrongPinError):
        sim.verify("0000")
    sim.verify("1234")
    assert sim.pin_tries == 3


def test_three_wrong_pins_want_the_puk(sim: Sim) -> None:
    for error in (WrongPinError, WrongPinError, PukRequiredError):
        with pytest.raises(error):
            sim.verify("0000")
    assert sim.state is SimState.PUK
    with pytest.raises(PukRequiredError):
        sim.verify("1234")


def test_the_puk_sets_a_new_pin(sim: Sim) -> None:
    sim.set_fault("puk")
    sim.unblock("12345678", "4321")
    assert (sim.state, sim.pin, sim.pin_tries) == (SimState.READY, "4321", 3)


def test_ten_wrong_puks_kill_the_card(sim: Sim) -> None:
    sim.set_fault("puk")
    for _ in range(10):
        with pytest.raises(WrongPinError):
            sim.unblock("00000000", "4321")
    assert sim.state is SimState.BLOCKED
    with pytest.raises(SimBlockedError):
        sim.unblock("12345678", "4321")


def test_a_missing_card_does_nothing(sim: Sim) -> None:
    sim.set_fault("missing")
    for action in (sim.require_ready, lambda: sim.verify("1234"), lambda: sim.unblock("1", "2")):
        with pytest.raises(SimMissingError):
            action()


def test_lock_and_pin_change(sim: Sim) -> None:
    sim.set_lock(False, "1234")
    sim.change_pin("1234", "9999")
    sim.power_cycle()
    assert (sim.state, sim.pin) == (SimState.READY, "9999")


def test_changes_are_told(sim: Sim) -> None:
    told: list[SimState] = []
    sim.on_change = lambda: told.append(sim.state)
    sim.verify("1234")
    sim.set_fault("missing")
    assert told == [SimState.READY, SimState.MISSING]
