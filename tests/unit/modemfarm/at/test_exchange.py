# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.exchange and .urc: what is answer, echo, news or the end."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemfarm.at.exchange import MAX_LINES, Exchange, Probe
from modemfarm.at.results import Final
from modemfarm.at.urc import BARE

OK = Final("ok")


def answer(command: str, *lines: str, wanted: str | None = None) -> Exchange:
    exchange = Exchange(command, re.compile(wanted) if wanted else None)
    exchange.feed_all(list(lines))
    return exchange


def test_echo_answer_and_unsolicited_lines_are_told_apart() -> None:
    exchange = answer(
        "AT+CSQ", "RDY", "AT+CSQ", "+QIND: SMS DONE", "+CSQ: 20,99", "RING", "+CREG: 1", "OK"
    )
    assert exchange.lines == ["+CSQ: 20,99"]
    assert exchange.urcs == ["RDY", "+QIND: SMS DONE", "RING", "+CREG: 1"]
    assert (exchange.final, exchange.final_line) == (OK, "OK")


@pytest.mark.parametrize(
    "echo",
    [
        ("AT+CGSN",),
        ("at+cgsn",),
        ("x1AT+CGSN",),  # behind garbage
        ("AT+C", "GSN"),  # parted
        ("A", "T+CGS", "N"),
        ("T+CGSN",),  # its start is lost
        ("+CGSN",),
        (),  # ATE0
    ],
)
def test_echo(echo: tuple[str, ...]) -> None:
    exchange = answer("AT+CGSN", *echo, "867584030000017", "OK")
    assert exchange.lines == ["867584030000017"]
    assert (exchange.urcs, exchange.final) == ([], OK)


def test_news_between_the_parts_of_an_echo_or_run_into_it() -> None:
    assert answer("AT+CSQ", "AT+C", "+CMTI: 1", "SQ", "+CSQ: 1,2", "OK").lines == ["+CSQ: 1,2"]
    exchange = answer("AT+CSQ", '+QIND: "act"AT+CSQ', "+CSQ: 1,2", "OK")
    assert (exchange.lines, exchange.urcs) == (["+CSQ: 1,2"], ['+QIND: "act"'])


def test_an_answer_is_not_taken_for_echo() -> None:
    assert answer("AT+X=1,867584030000017", "867584030000017", "OK").lines == ["867584030000017"]
    assert answer("AT+CGSN", "AT+CGSN", "N", "OK").lines == ["N"]


def test_several_commands_in_one_line() -> None:
    exchange = answer("AT+CSQ;+CREG?", "+CSQ: 1,2", "+CREG: 0,1", "+CGREG: 1", "OK")
    assert exchange.lines == ["+CSQ: 1,2", "+CREG: 0,1"]
    assert exchange.urcs == ["+CGREG: 1"]


@pytest.mark.parametrize(
    ("command", "line", "news"),
    [
        ("AT+CREG?", "+CREG: 0,1", False),
        ("AT+CREG?", "+CREG:2,1", False),
        ("AT+CREG?", '+CREG: 2,1,"1A2B","01C3D4E5",7', False),
        ("AT+CREG?", "+CREG: 1", True),
        ("AT+CREG?", '+CREG: 1,"1A2B","01C3D4E5",7', True),
        ("AT+CREG?", "+CREG: 5,,", True),
        ("AT+CREG?", "+CREG: 5,1A2B,01C3D4E5", True),
        ("AT+CREG=2", "+CREG: 1", True),
        ("AT+CREG=2", "+CREG: 2,1", True),
        ("AT+CREG=?", "+CREG: (0-2)", False),
        ("AT+CREG=?", "+CREG: 1", True),
        ("AT+CEREG?", '+CEREG: 2,1,"1A2B","01C3D4E5",7', False),
        ("AT+CEREG?", "+CEREG: 5", True),
        ("AT+CGREG?", "+CGREG: 0,5", False),
        ("AT+CGREG?", "+CEREG: 0,5", True),
        ("AT+CUSD?", "+CUSD: 1", False),
        ("AT+CUSD?", '+CUSD: 0,"Balance 1.20",15', True),
        ("AT+CUSD?", "+CUSD: 4", True),
        ('AT+CUSD=1,"*100#",15', '+CUSD: 0,"Balance 1.20",15', True),
        ("AT+CLIP?", "+CLIP: 0,2", False),
        ("AT+CLIP?", '+CLIP: "+491701234567",145', True),
        ("AT+CPIN?", "+CPIN: READY", False),
        ("AT+CFUN?", "+CFUN: 1", False),
        ("AT+CFUN=1", "+CFUN: 1", True),
        ("AT+CFUN=1", "+CPIN: READY", True),
        ("AT+CSQ", '+CMTI: "ME",3', True),
        ('AT+QCFG="usbnet"', '+QCFG: "usbnet",0', False),
        ("AT+CPMS?", '+CPMS: "ME",3,255,"ME",3,255,"ME",3,255', False),
        ("AT+CSQ", '+QIND: "csq",20,99', True),
        ("AT", "NO CARRIER", True),
        ("AT", "+49 30 1234", False),
    ],
)
def test_news_is_told_by_its_shape(command: str, line: str, news: bool) -> None:
    exchange = answer(command, line, "OK")
    assert (exchange.lines, exchange.urcs) == (([], [line]) if news else ([line], []))


def test_a_caller_can_say_what_its_answer_looks_like() -> None:
    exchange = answer("AT+X?", "+X: news", "+X: 7", "bare", "OK", wanted=r"\+X: [0-9]")
    assert (exchange.lines, exchange.urcs) == (["+X: 7", "bare"], ["+X: news"])


def test_a_message_that_comes_with_its_text_is_news_as_a_whole() -> None:
    exchange = answer("AT+CGSN", "+CMT: ,24", "0791", "867584030000017", "OK")
    assert exchange.urcs == ["+CMT: ,24", "0791"]
    assert exchange.lines == ["867584030000017"]
    assert answer("AT", "+CMT: ,24", "OK").final == OK


def test_after_the_end_everything_is_unsolicited() -> None:
    exchange = answer("AT", "OK", "stray", "ERROR", "+CREG: 1")
    assert (exchange.final, exchange.urcs) == (OK, ["stray", "ERROR", "+CREG: 1"])


def test_errors_are_the_end_and_no_names() -> None:
    exchange = answer("AT+CIMI", "AT+CIMI", "+CME ERROR: 10")
    assert exchange.final == Final("cme", 10, "SIM not inserted")
    assert (exchange.urcs, exchange.final_line) == ([], "+CME ERROR: 10")


def test_a_flood_is_bounded_and_counted() -> None:
    exchange = answer("AT", *["+QIND: x"] * (MAX_LINES + 5), *["y"] * (MAX_LINES + 7), "OK")
    assert (len(exchange.urcs), len(exchange.lines)) == (MAX_LINES, MAX_LINES)
    assert exchange.overflow == 12
    assert exchange.final == OK


def test_a_prompt_counts_only_when_it_is_expected() -> None:
    asking, other = Exchange("AT+CMGS=18", expects_prompt=True), Exchange("AT")
    assert not asking.feed(">")
    assert asking.prompted
    asking.answer_prompt("0011000B")
    asking.feed_all(["0011000b", "+CMGS: 4", "OK"])
    assert (asking.lines, asking.final) == (["+CMGS: 4"], OK)
    assert not other.feed(">")
    assert (other.prompted, other.lines) == (False, [">"])


def test_a_probe_ends_at_its_own_answer() -> None:
    probe = Probe("AT+CMEE?", frozenset(("+COPS",)))
    probe.feed_all(["+COPS: (1)", "+CREG: 1", "OK", "ERROR", "AT+CMEE?", "junk"])
    assert probe.final is None
    probe.feed_all(["+CMEE: 2", "OK"])
    assert (probe.final, probe.lines, probe.urcs) == (OK, ["+CMEE: 2"], ["+CREG: 1"])


def test_a_probe_that_is_refused_ends_only_behind_its_echo() -> None:
    probe = Probe("AT+CMEE?")
    assert not probe.feed("ERROR")
    assert not probe.feed("AT+CMEE?")
    assert not probe.feed("OK")
    assert probe.feed("ERROR")
    assert probe.lines == []


LINES = st.lists(st.one_of(st.text(max_size=60), st.sampled_from(sorted(BARE))), max_size=10)


@given(st.text(max_size=60), LINES)
def test_no_line_breaks_an_exchange(command: str, lines: list[str]) -> None:
    exchange = answer(command, *lines)
    ended = exchange.feed("ERROR") or exchange.feed("ERROR")  # the first may be an echo
    assert ended
    kept = len(exchange.lines) + len(exchange.urcs)
    assert kept <= 2 * len(lines) + 2
