# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.commands.voice."""

import pytest

from modemfarm.at.commands.voice import (
    Call,
    CallMode,
    CallState,
    Ims,
    ImsSetting,
    calls,
    ims,
)
from modemfarm.errors import AnswerUnreadableError, SimMissingError

IMS = 'AT+QCFG="ims"'


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("OK", ()),
        (
            '+CLCC: 1,1,4,0,0,"+491510000017",145|OK',
            (Call(1, True, CallState.INCOMING, CallMode.VOICE, "+491510000017"),),
        ),
        (
            '+CLCC: 1,0,0,1,0,"",128|+CLCC: 2,1,0,9,1|OK',
            (
                Call(1, False, CallState.ACTIVE, CallMode.DATA, None),
                Call(2, True, CallState.ACTIVE, CallMode.OTHER, None),
            ),
        ),
    ],
)
def test_calls(answering, said, found):
    assert calls(answering({"AT+CLCC": said})) == found


@pytest.mark.parametrize("said", ["0,1,4,0,0", "1,2,4,0,0", "1,1,6,0,0", "1,1"])
def test_unreadable_calls(answering, said):
    with pytest.raises(AnswerUnreadableError):
        calls(answering({"AT+CLCC": f"+CLCC: {said}|OK"}))


@pytest.mark.parametrize(
    ("setting", "registered", "found"),
    [
        ('+QCFG: "ims",0,1|OK', "ERROR", Ims(ImsSetting.BY_CARRIER, True, None)),
        ('+QCFG: "ims",1|OK', "+CME ERROR: 4", Ims(ImsSetting.ON, None, None)),
        ('+QCFG: "ims",2,0|OK', "+CIREG: 0,0|OK", Ims(ImsSetting.OFF, False, False)),
        ('+QCFG: "ims",1,1|OK', "+CIREG: 2,1,2|OK", Ims(ImsSetting.ON, True, True)),
    ],
)
def test_ims(answering, setting, registered, found):
    assert ims(answering({IMS: setting, "AT+CIREG?": registered})) == found


def test_a_failure_that_says_something_is_raised(answering):
    with pytest.raises(SimMissingError):
        ims(answering({IMS: '+QCFG: "ims",1,1|OK', "AT+CIREG?": "+CME ERROR: 10"}))
