# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.framing: tables for the grammar, Hypothesis for splits and garbage."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from modemfarm.at.framing import MAX_LINE, MAX_LINES, Exchange, Framer
from modemfarm.at.results import Final

DIALOGUE = b"AT+CSQ\r\r\n+CSQ: 20,99\r\n\r\n+CREG: 1\r\n\r\nOK\r\n"


def lines_of(*chunks):
    framer = Framer()
    return [line for chunk in chunks for line in framer.feed(chunk)]


def answer(command, *lines):
    exchange = Exchange(command)
    for line in lines:
        exchange.feed(line)
    return exchange


def test_lines():
    assert lines_of(DIALOGUE) == ["AT+CSQ", "+CSQ: 20,99", "+CREG: 1", "OK"]


@given(st.lists(st.integers(0, len(DIALOGUE)), max_size=8))
def test_any_split_gives_the_same_lines(cuts):
    edges = [0, *sorted(cuts), len(DIALOGUE)]
    chunks = [DIALOGUE[a:b] for a, b in pairwise(edges)]
    assert lines_of(*chunks) == lines_of(DIALOGUE)


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_garbage_never_breaks_what_follows(chunks):
    framer = Framer()
    for chunk in chunks:
        for line in framer.feed(chunk):
            assert 0 < len(line) <= MAX_LINE
            assert "\0" not in line
    framer.feed(b"\r\n")
    assert framer.feed(DIALOGUE) == lines_of(DIALOGUE)


@given(st.integers(MAX_LINE, 5 * MAX_LINE), st.integers(1, 4096))
def test_an_endless_line_is_dropped_and_memory_is_bounded(length, step):
    framer = Framer()
    for start in range(0, length + 1, step):
        assert framer.feed(b"x" * min(step, length + 1 - start)) == []
        assert len(framer._buffer) <= MAX_LINE
    assert framer.feed(b"\r\nOK\r\n") == ["OK"]
    assert framer.dropped == 1


def test_control_characters_make_garbage_but_nul_and_high_bytes_do_not():
    framer = Framer()
    assert framer.feed(b'\x07O\x1bK\r\n\0\0OK\r\n+COPS: "\xff"\r\n') == ["OK", '+COPS: "�"']
    assert framer.dropped == 1


def test_prompt_only_when_it_stands_alone():
    framer = Framer()
    assert framer.feed(b"\r\n>") == []
    assert not framer.prompt()
    assert framer.feed(b" ") == []
    assert framer.prompt()
    assert not framer.prompt()
    assert framer.feed(b"> text\r\n") == ["> text"]


def test_echo_answer_and_unsolicited_lines_are_told_apart():
    exchange = answer(
        "AT+CSQ", "RDY", "AT+CSQ", "+QIND: SMS DONE", "+CSQ: 20,99", "RING", "+CREG: 1", "OK"
    )
    assert exchange.lines == ["+CSQ: 20,99"]
    assert exchange.urcs == ["RDY", "+QIND: SMS DONE", "RING", "+CREG: 1"]
    assert exchange.final == Final("ok")


def test_bare_answers_and_garbled_echo():
    assert answer("AT+CGSN", "x1AT+CGSN", "867584030000017", "OK").lines == ["867584030000017"]
    assert answer("at+cgsn", "AT+CGSN", "1", "OK").lines == ["1"]


def test_several_commands_in_one_line():
    exchange = answer("AT+CSQ;+CREG?", "+CSQ: 1,2", "+CREG: 0,1", "+CGREG: 1", "OK")
    assert exchange.lines == ["+CSQ: 1,2", "+CREG: 0,1"]
    assert exchange.urcs == ["+CGREG: 1"]


def test_after_the_end_everything_is_unsolicited():
    exchange = answer("AT", "OK", "stray", "ERROR")
    assert (exchange.final, exchange.urcs) == (Final("ok"), ["stray", "ERROR"])


def test_a_flood_is_bounded_and_counted():
    exchange = answer("AT", *["+QIND: x"] * (MAX_LINES + 5), *["y"] * (MAX_LINES + 7), "OK")
    assert (len(exchange.urcs), len(exchange.lines)) == (MAX_LINES, MAX_LINES)
    assert exchange.overflow == 12
    assert exchange.final == Final("ok")


@given(st.text(max_size=60), st.lists(st.text(max_size=60), max_size=10))
def test_no_line_breaks_an_exchange(command, lines):
    exchange = answer(command, *lines)
    assert exchange.feed("ERROR") or exchange.final is None
