# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.commands.sim."""

import pytest

from modemfarm.at.commands.sim import (
    OwnNumber,
    PinTries,
    SimState,
    own_numbers,
    pin_tries,
    sim_state,
)
from modemfarm.errors import AnswerUnreadableError, NotAllowedError


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ("+CPIN: READY|OK", SimState.READY),
        ("+CPIN: SIM PIN|OK", SimState.PIN),
        ("+CPIN: SIM PUK|OK", SimState.PUK),
        ("+CPIN: NOT READY|OK", SimState.BUSY),
        ("+CPIN: PH-NET PIN|OK", SimState.OTHER),
        ("+CME ERROR: 10", SimState.ABSENT),
        ("+CME ERROR: 11", SimState.PIN),
        ("+CME ERROR: SIM PUK required", SimState.PUK),
        ("+CME ERROR: 13", SimState.FAILED),
        ("+CME ERROR: SIM busy", SimState.BUSY),
    ],
)
def test_sim_states(answering, answer, state):
    assert sim_state(answering({"AT+CPIN?": answer})) is state


def test_another_error_is_raised(answering):
    with pytest.raises(NotAllowedError):
        sim_state(answering({"AT+CPIN?": "+CME ERROR: 3"}))


def test_pin_tries(answering):
    said = '+QPINC: "SC",3,10|+QPINC: "P2",2,9|OK'
    assert pin_tries(answering({"AT+QPINC?": said})) == PinTries(3, 10, 2, 9)


def test_pin_tries_of_one_pair(answering):
    found = pin_tries(answering({"AT+QPINC?": '+QPINC: "SC",1,10|OK'}))
    assert found == PinTries(1, 10, None, None)


@pytest.mark.parametrize("said", ["OK", '+QPINC: "SC",3|OK', '+QPINC: "SC",-1,10|OK', "x|OK"])
def test_unknown_tries_are_never_guessed(answering, said):
    with pytest.raises(AnswerUnreadableError):
        pin_tries(answering({"AT+QPINC?": said}))


@pytest.mark.parametrize(
    ("said", "numbers"),
    [
        ("OK", ()),
        ('+CNUM: ,"+491510000017",145|OK', (OwnNumber("+491510000017", None),)),
        ('+CNUM: "me","0151",129|+CNUM: "","",129|OK', (OwnNumber("0151", "me"),)),
        ('+CNUM: me,"<x>1 2",161|OK', (OwnNumber("12", "me"),)),
    ],
)
def test_own_numbers(answering, said, numbers):
    assert own_numbers(answering({"AT+CNUM": said})) == numbers
