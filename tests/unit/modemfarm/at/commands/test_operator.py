# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.commands.operator. Shapes of scans are from the field."""

import pytest

from modemfarm.at.commands.operator import (
    Network,
    NetworkStatus,
    Operator,
    Provider,
    Selection,
    choose,
    choose_automatically,
    operator,
    provider,
    scan,
)
from modemfarm.at.commands.technology import Technology
from modemfarm.errors import AnswerUnreadableError, InvalidValueError, NoServiceError

LTE, UMTS = Technology.LTE, Technology.UMTS
CURRENT, OPEN, FORBIDDEN = NetworkStatus.CURRENT, NetworkStatus.AVAILABLE, NetworkStatus.FORBIDDEN


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("0", Operator(None, None)),
        ('0,0,"Lab <1>",7', Operator("Lab <1>", LTE)),
        ('1,2,"26201",7', Operator("26201", LTE, Selection.MANUAL, "26201")),
        ('1,0,"CHINA MOBILE"', Operator("CHINA MOBILE", None, Selection.MANUAL)),
        ("2", Operator(None, None, Selection.DEREGISTERED)),
        ('4,0,"a,b",2', Operator("a,b", UMTS, Selection.MANUAL_THEN_AUTOMATIC)),
        ('0,0,"",7', Operator(None, LTE)),
    ],
)
def test_operator(answering, said, value):
    assert operator(answering({"AT+COPS?": f"+COPS: {said}|OK"})) == value


def test_scan(answering):
    said = (
        '+COPS: (2,"vodafone","voda IT","22210",7),(3,"TIM","",22201,2),(1,,,"22288"),'
        ",(0,1,2,3,4,5),(0,1,2)|OK"
    )
    assert scan(answering({"AT+COPS=?": said})) == (
        Network(CURRENT, "vodafone", "voda IT", "22210", LTE),
        Network(FORBIDDEN, "TIM", None, "22201", UMTS),
        Network(OPEN, None, None, "22288", None),
    )


@pytest.mark.parametrize("said", ["OK", "+COPS: ,,(0-4),(0-2)|OK"])
def test_scan_without_a_network(answering, said):
    assert scan(answering({"AT+COPS=?": said})) == ()


def test_unreadable_scan(answering):
    with pytest.raises(AnswerUnreadableError) as caught:
        scan(answering({"AT+COPS=?": '+COPS: (2,"a","b","xx",7)|OK'}))
    assert caught.value.command == "AT+COPS=?"


@pytest.mark.parametrize("plmn", ["", "1234", "1234567", "2620\u0661", '26201"', 26201, None])
def test_nothing_is_sent_for_a_bad_plmn(answering, plmn):
    session = answering({})
    with pytest.raises(InvalidValueError, match="operator is"):
        choose(session, plmn)
    assert session.seen == []


def test_choosing(answering):
    session = answering({'AT+COPS=1,2,"26201"': "OK", "AT+COPS=0": "OK"})
    choose(session, "26201")
    choose_automatically(session)
    assert session.seen == ['AT+COPS=1,2,"26201"', "AT+COPS=3,0", "AT+COPS=0"]


def test_a_refused_choice_leaves_names_as_they_are(answering):
    session = answering({'AT+COPS=1,2,"26203"': "+CME ERROR: 30"})
    with pytest.raises(NoServiceError):
        choose(session, "26203")
    assert session.seen[-1] == "AT+COPS=3,0"


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ('"O2 - UK","O2","",0,"23410"', Provider("O2 - UK", "O2", None, "23410")),
        ('"T-Mobile","T-Mobile","",0,"310260"', Provider("T-Mobile", "T-Mobile", None, "310260")),
        ('"04110438043B","","",1,"25099"', Provider("\u0411\u0438\u043b", None, None, "25099")),
        ('"","","",0,""', Provider(None, None, None, None)),
        ('"","","OPERATOR","0","20801"', Provider(None, None, "OPERATOR", "20801")),
    ],
)
def test_provider(answering, said, value):
    assert provider(answering({"AT+QSPN": f"+QSPN: {said}|OK"})) == value
