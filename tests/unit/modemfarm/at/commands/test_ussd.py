# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.commands.ussd."""

import pytest

from modemfarm.at.commands.ussd import Ussd, UssdState, ask_network, is_ucs2
from modemfarm.errors import (
    AnswerUnreadableError,
    CommandRefusedError,
    CommandTimeoutError,
    InvalidValueError,
)


def asked(session, code="*100#", **options):
    return ask_network(session, session.heard, code, **options)


TABLE = {"AT+CSCS?": '+CSCS: "GSM"|OK', 'AT+CUSD=1,"*100#",15': "OK", "AT+CUSD=2": "OK"}


@pytest.mark.parametrize(
    ("news", "value"),
    [
        (['+CUSD: 0,"Balance 12.30",15'], Ussd(UssdState.DONE, "Balance 12.30")),
        (["RING", '+CUSD: 1,"1 Go"'], Ussd(UssdState.REPLY_WANTED, "1 Go")),
        (['+CUSD: 0,"0411043804 3B",15'], Ussd(UssdState.DONE, "0411043804 3B")),
        (['+CUSD: 0,"04110438043B",72'], Ussd(UssdState.DONE, "\u0411\u0438\u043b")),
        (["+CUSD: 4"], Ussd(UssdState.NOT_SUPPORTED, None)),
        (['+CUSD: 2,"",15'], Ussd(UssdState.ENDED, None)),
        (['+CUSD: 1,"1: Go', "2: Stay", '3: Quit",15'],
         Ussd(UssdState.REPLY_WANTED, "1: Go 2: Stay 3: Quit")),
    ],
)  # fmt: skip
def test_answers(answering, news, value):
    assert asked(answering(TABLE, news=news)) == value


def test_a_modem_set_to_ucs2(answering):
    table = TABLE | {"AT+CSCS?": '+CSCS: "UCS2"|OK', 'AT+CUSD=1,"002A0031003000300023",15': "OK"}
    news = ['+CUSD: 0,"00310032",15']
    assert asked(answering(table, news=news)) == Ussd(UssdState.DONE, "12")


@pytest.mark.parametrize("line", ["9", '0,"041",72', '0,"xx",72', '0,"a",x', ""])
def test_unreadable_answers(answering, line):
    with pytest.raises(AnswerUnreadableError) as caught:
        asked(answering(TABLE, news=[f"+CUSD: {line}"]))
    assert caught.value.command == 'AT+CUSD=1,"*100#",15'


def test_no_answer_is_cancelled(answering):
    session = answering(TABLE, news=["RING"] * 3)
    with pytest.raises(CommandTimeoutError):
        asked(session, wait=-1.0)
    assert session.seen[-1] == "AT+CUSD=2"


@pytest.mark.parametrize("code", ["", "1" * 41, '*100#"', "*100#\r", "abc", "\u0661", 100, None])
def test_nothing_is_sent_for_a_bad_code(answering, code):
    session = answering({})
    with pytest.raises(InvalidValueError):
        asked(session, code)
    assert session.seen == []


@pytest.mark.parametrize("code", ["**04*1*2*2#", "**05*12345678*1*1#", "**042*1*2*2#", "**03*1#"])
def test_codes_that_spend_pin_tries(answering, code):
    session = answering({})
    with pytest.raises(CommandRefusedError):
        asked(session, code)
    assert session.seen == []


def test_coding_schemes():
    found = [scheme for scheme in range(256) if is_ucs2(scheme)]
    assert {0x11, 0x48, 0x49, 0x58} <= set(found)
    assert not {0, 1, 15, 0x40, 0x44, 0xF0, 0xF4} & set(found)
