# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.commands.registration."""

import pytest

from modemfarm.at.commands.registration import (
    Registration,
    RegistrationState,
    circuit_registration,
    packet_registration,
    registration,
)
from modemfarm.at.commands.technology import Technology
from modemfarm.errors import AnswerUnreadableError

HOME, DENIED, LTE = RegistrationState.HOME, RegistrationState.DENIED, Technology.LTE
CELL = 0x1A2D001


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("0,1", Registration(HOME, 0)),
        ("0, 1", Registration(HOME, 0)),
        ("1,3", Registration(DENIED, 1)),
        ("0,8", Registration(RegistrationState.OTHER, 0)),
        ('2,1,"54F6","1A2D001",7', Registration(HOME, 2, 0x54F6, CELL, LTE)),
        ("2,1,54F6,01A2D001,7", Registration(HOME, 2, 0x54F6, CELL, LTE)),
        ('002,001,"18d8","ffff"', Registration(HOME, 2, 0x18D8, 0xFFFF)),
        ('2,1,"FFFE","FFFFFFFF",7', Registration(HOME, 2, None, None, LTE)),
        ('2,2,"","",', Registration(RegistrationState.SEARCHING, 2)),
        ("3,3,,,,0,13", Registration(DENIED, 3, cause_type=0, cause=13)),
        (
            '4,1,"54F6","1A2D001",7,,,"00000001","00000010"',
            Registration(HOME, 4, 0x54F6, CELL, LTE),
        ),
        ("5,3,,,,0,15,,", Registration(DENIED, 5, cause_type=0, cause=15)),
        ('2,1,"54F6","1A2D001",9', Registration(HOME, 2, 0x54F6, CELL, Technology.OTHER)),
    ],
)
def test_formats(answering, said, value):
    assert registration(answering({"AT+CEREG?": f"+CEREG: {said}|OK"})) == value
    assert circuit_registration(answering({"AT+CREG?": f"+CREG: {said}|OK"})) == value


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("0,1", Registration(HOME, 0)),
        (
            '2,1,"8BE3","2B5D",6,"01"',
            Registration(HOME, 2, 0x8BE3, 0x2B5D, Technology.HSPA, routing_area=1),
        ),
        ("3,3,,,,0,13", Registration(DENIED, 3, cause_type=0, cause=13)),
        ("3,3,,,,,0,13", Registration(DENIED, 3, cause_type=0, cause=13)),
    ],
)
def test_packet_formats(answering, said, value):
    assert packet_registration(answering({"AT+CGREG?": f"+CGREG: {said}|OK"})) == value


@pytest.mark.parametrize(
    "line",
    ["5", '2,"54F6","1A2D001",7', "1,54F6,1A2D001", "1,16,1A2D001", '1,"54F6","1A2D001"',
     "3,,,,0,13", "1,0010,00D30173,7"],
)  # fmt: skip
def test_an_unsolicited_line_is_no_answer(answering, line):
    found = registration(answering({"AT+CEREG?": f"+CEREG: {line}|+CEREG: 0,1|OK"}))
    assert found == Registration(HOME, 0)
    with pytest.raises(AnswerUnreadableError):
        registration(answering({"AT+CEREG?": f"+CEREG: {line}|OK"}))


def test_registered():
    assert [state for state in RegistrationState if state.registered] == [
        HOME, RegistrationState.ROAMING,
    ]  # fmt: skip
    assert Registration(HOME, 0).registered
