# SPDX-License-Identifier: GPL-3.0-or-later
"""A wrong PIN costs one try of three, however often host and modem start, or die, anew.

Verified by the virtual SIM's own counter and by the bytes at its terminal.
"""

import random
import time

import pytest

from modemlab.modem.sim import SimState

from .conftest import RIGHT, WRONG, Bench

ROUNDS = 50
RANDOM_ROUNDS = 12
POLL_S = 0.01
CAP_S = 10.0


def until_processed(bench: Bench) -> None:
    """The terminal may still hold what a killed process wrote: have the loop take a turn."""
    deadline = time.monotonic() + CAP_S
    while bench.written.count(b"AT+CPIN=") != bench.attempts:
        assert time.monotonic() < deadline
        time.sleep(POLL_S)


@pytest.mark.parametrize("in_a_phone", [False, True])
def test_fifty_restarts_and_replugs_with_a_wrong_pin(bench: Bench, in_a_phone: bool) -> None:
    """Also when somebody unlocks the SIM in a phone between them, so that it has three tries."""
    bench.give({bench.modem.iccid: WRONG})
    assert bench.enter() == "WrongPasswordError"
    dice = random.Random(17)  # noqa: S311 - no secret
    for turn in range(1, ROUNDS):
        if turn % 2:
            bench.replug()
        if in_a_phone:
            bench.modem.sim.pin_tries = 3
        if turn % 5 == 0:
            bench.killed(dice.uniform(0.03, 0.2))
        else:
            assert bench.enter() == "PinPolicyError"
    assert bench.attempts == 1
    assert bench.written.count(b"AT+CPIN=") == 1
    assert bench.modem.sim.pin_tries == (3 if in_a_phone else 2)


@pytest.mark.parametrize("left", [2, 1])
def test_with_fewer_tries_left_none_is_made(bench: Bench, left: int) -> None:
    bench.give({bench.modem.iccid: RIGHT})
    bench.modem.sim.pin_tries = left
    for _ in range(3):
        assert bench.enter() == "PinPolicyError"
        bench.replug()
    assert bench.attempts == 0
    assert b"AT+CPIN=" not in bench.written


def test_a_puk_is_never_entered(bench: Bench) -> None:
    bench.give({"default": RIGHT})
    bench.lab.call(bench.modem.faults.set, "sim", "puk")
    assert bench.enter() == "SimPukError"
    assert (bench.attempts, bench.modem.sim.puk_tries) == (0, 10)


def test_killed_between_ledger_and_port(bench: Bench) -> None:
    bench.give({bench.modem.iccid: WRONG})
    bench.killed_at("written")
    for _ in range(3):
        assert bench.enter() == "PinPolicyError"
        bench.replug()
    assert bench.attempts == 0


def test_killed_between_port_and_answer(bench: Bench) -> None:
    bench.give({bench.modem.iccid: WRONG})
    bench.lab.call(bench.modem.faults.set, "slow", 0.6)
    bench.killed_at("sent")
    bench.lab.call(bench.modem.faults.set, "slow", 0)
    until_processed(bench)
    for _ in range(3):
        bench.replug()
        assert bench.enter() == "PinPolicyError"
    assert bench.attempts == 1


def test_killed_at_random_from_the_first_start_on(bench: Bench) -> None:
    bench.give({bench.modem.iccid: WRONG})
    dice = random.Random(25)  # noqa: S311 - no secret
    for _ in range(RANDOM_ROUNDS):
        bench.killed(dice.uniform(0.05, 0.3))
        until_processed(bench)
        bench.replug()
    assert bench.enter() in ("WrongPasswordError", "PinPolicyError")
    assert bench.attempts <= 1


def test_the_right_pin_at_each_start(bench: Bench) -> None:
    bench.give({bench.modem.iccid: RIGHT})
    for turn in range(1, 4):
        assert bench.enter() == "sent"
        assert bench.enter() == "ready"
        assert (bench.attempts, bench.modem.sim.state) == (turn, SimState.READY)
        bench.replug()


def test_the_right_pin_after_a_wrong_one_waits_for_a_person(bench: Bench) -> None:
    """One try was lost, so the rule of three holds until somebody unlocks the SIM in a phone."""
    bench.give({bench.modem.iccid: WRONG})
    assert bench.enter() == "WrongPasswordError"
    bench.give({bench.modem.iccid: RIGHT})
    assert bench.enter() == "PinPolicyError"
    assert bench.attempts == 1
    bench.modem.sim.pin_tries = 3
    assert bench.enter() == "sent"
    bench.replug()
    bench.give({bench.modem.iccid: WRONG})
    assert bench.enter() == "PinPolicyError"
    assert bench.attempts == 2


def test_a_swapped_sim_gets_its_own_pin(bench: Bench) -> None:
    first, second = bench.modem.iccid, "89490200000000000016"
    bench.give({first: RIGHT, second: "8765"})
    assert bench.enter() == "sent"
    object.__setattr__(bench.modem.spec, "iccid", second)
    bench.modem.sim.pin = "8765"
    bench.replug()
    assert bench.enter() == "sent"
    assert bench.attempts == 2
    assert bench.modem.sim.pin_tries == 3
    assert bench.written.count(b'"8765"') == 1


def test_a_sim_nobody_gave_a_pin_for(bench: Bench) -> None:
    bench.give({"89490200000000000016": RIGHT})
    assert bench.enter() == "none"
    assert bench.attempts == 0
