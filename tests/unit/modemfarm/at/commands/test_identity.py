# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.commands.identity."""

import pytest

from modemfarm.at.commands.identity import Identity, identify, imei
from modemfarm.errors import AnswerUnreadableError

ANSWERS = {
    "AT+CGSN": "867584030000017|OK",
    "AT+QCCID": "+QCCID: 89490200001234567890|OK",
    "AT+CIMI": "262011234567890|OK",
    "AT+CGMM": "EC25|OK",
    "AT+CGMR": "EC25EUXGAR08A01M1G|OK",
}


def test_identify(answering):
    assert identify(answering(ANSWERS)) == Identity(
        "867584030000017", "89490200001234567890", "262011234567890", "EC25", "EC25EUXGAR08A01M1G"
    )


def test_identify_without_a_sim(answering):
    refusals = {"AT+QCCID": "+CME ERROR: 10", "AT+CIMI": "+CME ERROR: SIM not inserted"}
    found = identify(answering(ANSWERS | refusals))
    assert (found.iccid, found.imsi) == (None, None)


def test_unreadable_answers(answering):
    with pytest.raises(AnswerUnreadableError, match=r"AT\+CGSN"):
        imei(answering({"AT+CGSN": "no|OK"}))
    with pytest.raises(AnswerUnreadableError, match="nothing"):
        identify(answering(ANSWERS | {"AT+CGMM": "OK"}))
