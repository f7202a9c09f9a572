# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.commands.hardware."""

import pytest

from modemfarm.at.commands.hardware import Supply, Temperature, supply, temperatures
from modemfarm.errors import AnswerUnreadableError


@pytest.mark.parametrize(
    ("said", "values"),
    [
        ("+QTEMP: 32,0,18|OK", [("1", 32), ("2", 0), ("3", 18)]),
        ('+QTEMP: "34","33","33"|OK', [("1", 34), ("2", 33), ("3", 33)]),
        ("+QTEMP: -7,255,-273|OK", [("1", -7)]),
        ('+QTEMP:"aoss0-usr","26"|+QTEMP:"xo","24"|OK', [("aoss0-usr", 26), ("xo", 24)]),
        ('+QTEMP: "mdm0",38,"mdm1",36|OK', [("mdm0", 38), ("mdm1", 36)]),
    ],
)
def test_temperatures(answering, said, values):
    wanted = tuple(Temperature(*value) for value in values)
    assert temperatures(answering({"AT+QTEMP": said})) == wanted


@pytest.mark.parametrize("said", ["OK", "+QTEMP: |OK", "+QTEMP: 255|OK", "+QTEMP: hot|OK"])
def test_no_temperature(answering, said):
    with pytest.raises(AnswerUnreadableError):
        temperatures(answering({"AT+QTEMP": said}))


def test_supply(answering):
    assert supply(answering({"AT+CBC": "+CBC: 0,0,3841|OK"})) == Supply(3841)
    with pytest.raises(AnswerUnreadableError):
        supply(answering({"AT+CBC": "+CBC: 0,0|OK"}))
