# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.commands.bearer."""

from ipaddress import ip_address

import pytest

from modemfarm.at.commands.bearer import (
    Context,
    ContextAddress,
    ContextState,
    Traffic,
    activate,
    active_contexts,
    addresses,
    contexts,
    deactivate,
    define_context,
    traffic,
    traffic_autosave,
)
from modemfarm.errors import AnswerUnreadableError, InvalidValueError


def test_contexts(answering):
    said = (
        '+CGDCONT: 1,"IPV4V6","internet","0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0",0,0,0,0|'
        '+CGDCONT: 2,"IP","ims"|+CGDCONT: 3,"IP",,,0,0|OK'
    )
    assert contexts(answering({"AT+CGDCONT?": said})) == (
        Context(1, "IPV4V6", "internet"), Context(2, "IP", "ims"), Context(3, "IP", ""),
    )  # fmt: skip
    assert contexts(answering({"AT+CGDCONT?": "OK"})) == ()


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ('"10.64.0.17"', ["10.64.0.17"]),
        ("10.64.0.17", ["10.64.0.17"]),
        ('"0.0.0.0"', []),
        ("", []),
        ('"10.64.0.17","2A02:9B0::1"', ["10.64.0.17", "2a02:9b0::1"]),
        ('"10.64.0.17","42.2.9.176.0.0.0.0.0.0.0.0.0.0.0.1"', ["10.64.0.17", "2a02:9b0::1"]),
        ('"0.0.0.0","0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"', []),
    ],
)
def test_addresses(answering, said, found):
    wanted = ContextAddress(1, tuple(map(ip_address, found)))
    assert addresses(answering({"AT+CGPADDR": f"+CGPADDR: 1,{said}|OK"})) == (wanted,)


@pytest.mark.parametrize("said", ["10.64", "10.64.0.256", "1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.999", "x"])
def test_what_is_no_address(answering, said):
    with pytest.raises(AnswerUnreadableError, match=r"AT\+CGPADDR"):
        addresses(answering({"AT+CGPADDR": f'+CGPADDR: 1,"{said}"|OK'}))


def test_states(answering):
    found = active_contexts(answering({"AT+CGACT?": "+CGACT: 1,1|+CGACT: 2,0|OK"}))
    assert found == (ContextState(1, True), ContextState(2, False))


def test_one_bad_row_spoils_the_list(answering):
    with pytest.raises(AnswerUnreadableError):
        active_contexts(answering({"AT+CGACT?": "+CGACT: 1,1|+CGACT: 2,9|OK"}))


def test_traffic(answering):
    session = answering({"AT+QGDCNT?": "+QGDCNT: 12345,18446744073709551615|OK"})
    assert traffic(session) == Traffic(12345, 2**64 - 1)
    assert traffic_autosave(answering({"AT+QAUGDCNT?": "+QAUGDCNT: 60|OK"})) == 60


def test_writes(answering):
    session = answering(
        {'AT+CGDCONT=2,"IP","lab.net"': "OK", "AT+CGACT=1,2": "OK", "AT+CGACT=0,2": "OK"}
    )
    define_context(session, 2, "IP", "lab.net")
    activate(session, 2)
    deactivate(session, 2)
    assert len(session.seen) == 3


@pytest.mark.parametrize(
    ("number", "kind", "apn"),
    [
        (0, "IP", "a"), (17, "IP", "a"), (True, "IP", "a"), ("1", "IP", "a"), (1, "ip", "a"),
        (1, 'IP"', "a"), (1, "IP", 'a"'), (1, "IP", "a,b"), (1, "IP", ""), (1, "IP", "\u00e4"),
    ],
)  # fmt: skip
def test_nothing_is_sent_for_bad_values(answering, number, kind, apn):
    session = answering({})
    with pytest.raises(InvalidValueError):
        define_context(session, number, kind, apn)
    assert session.seen == []


@pytest.mark.parametrize("order", [activate, deactivate])
def test_nothing_is_sent_for_a_bad_context(answering, order):
    session = answering({})
    with pytest.raises(InvalidValueError, match="context is 99"):
        order(session, 99)
    assert session.seen == []
