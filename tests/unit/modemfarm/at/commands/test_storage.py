# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.commands.storage."""

import pytest

from modemfarm.at.commands.storage import (
    MessageState,
    Store,
    StoredMessage,
    Stores,
    stored_message,
    stored_messages,
    stores,
)
from modemfarm.errors import AnswerUnreadableError, BadParameterError, InvalidValueError

PDU = "07911326040000F0040B911346610089F60000208062917314080CC8F71D14969741F977FD07"


def test_stores(answering):
    said = '+CPMS: "ME",2,255,"ME",2,255,"MT",20, 20|OK'
    found = stores(answering({"AT+CPMS?": said}))
    me = Store("ME", 2, 255)
    assert found == Stores(me, me, Store("MT", 20, 20))
    assert (found.reading.full, found.receiving.full) == (False, True)


@pytest.mark.parametrize("said", ['"ME",2,255', '"XX",0,1,"ME",0,1,"ME",0,1', "2,23,0,23,0,23"])
def test_unreadable_stores(answering, said):
    with pytest.raises(AnswerUnreadableError):
        stores(answering({"AT+CPMS?": f"+CPMS: {said}|OK"}))


def test_list(answering):
    said = f'+CMGL: 0,1,,30|{PDU}|+CMGL: 7,0,"a,b",29|{PDU}|OK'
    assert stored_messages(answering({"AT+CMGL=4": said})) == (
        StoredMessage(0, MessageState.READ, 30), StoredMessage(7, MessageState.UNREAD, 29),
    )  # fmt: skip
    assert stored_messages(answering({"AT+CMGL=4": "OK"})) == ()


def test_one(answering):
    found = stored_message(answering({"AT+CMGR=7": f"+CMGR: 1,,30|{PDU}|OK"}), 7)
    assert found == StoredMessage(7, MessageState.READ, 30)


def test_a_place_that_is_not_there(answering):
    with pytest.raises(BadParameterError):
        stored_message(answering({"AT+CMGR=7": "+CMS ERROR: 321"}), 7)


@pytest.mark.parametrize("index", [-1, 1000, True, "1", None])
def test_nothing_is_sent_for_a_bad_index(answering, index):
    session = answering({})
    with pytest.raises(InvalidValueError):
        stored_message(session, index)
    assert session.seen == []
