# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.commands.network."""

from modemfarm.at.commands.network import Operator, Registration, operator, registration


def test_operator(answering):
    assert operator(answering({"AT+COPS?": '+COPS: 0,0,"Lab <1>",7|OK'})) == Operator("Lab <1>", 7)
    assert operator(answering({"AT+COPS?": "+COPS: 0|OK"})) == Operator(None, None)


def test_registration(answering):
    found = registration(answering({"AT+CEREG?": "+CEREG: 5|+CEREG: 0,1|OK"}))
    assert found is Registration.HOME
    assert found.registered
    assert registration(answering({"AT+CEREG?": "+CEREG: 0,8|OK"})) is Registration.OTHER
