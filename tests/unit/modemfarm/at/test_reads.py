# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.reads: every question, with honest and with hostile answers."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from ipaddress import ip_address

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modemfarm.at.policy import internal
from modemfarm.at.reads import READS, Needs
from modemfarm.errors import (
    AnswerUnreadableError,
    FarmError,
    NoServiceError,
    NotSupportedError,
    SimMissingError,
)
from modemfarm.plain import as_plain

WITHOUT_A_SIM = {"imsi", "iccid", "ccid"}  # these say None then
HOSTILE = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
# What a line is made of, so that chance makes lines that nearly fit.
PIECES = st.sampled_from(
    ["+CEREG: ", "+QENG: ", "+COPS: ", "+CMGL: ", "+QCFG: ", ",", '"', "(", ")", "-", "0x", "0",
     "1", "7", "99", "255", "-32768", "99999999999999999999", "FFFF", "servingcell", "LTE",
     "\u0661", "\u202e", "\x1b[2J", ".", ":", "/", " ", "OK", "READY"]
)  # fmt: skip
LINES = st.one_of(st.lists(PIECES, max_size=30).map("".join), st.text(max_size=80))


@pytest.mark.parametrize("name", READS)
def test_an_honest_answer(answering, answers, name):
    value = READS[name](answering(answers))
    assert value is not None
    assert json.loads(json.dumps(as_plain(value))) not in ("", [], {})


@pytest.mark.parametrize("name", READS)
def test_the_command_that_is_named_is_the_one_that_is_sent(answering, answers, name):
    session = answering(answers)
    READS[name](session)
    assert session.seen[0] == READS[name].command
    assert READS[name].seconds == internal(READS[name].command).timeout


@pytest.mark.parametrize("name", READS)
def test_a_modem_that_does_not_know_the_command(answering, name):
    if name in WITHOUT_A_SIM:
        assert READS[name](answering({})) is None
        return
    with pytest.raises(FarmError) as caught:
        READS[name](answering({READS[name].command: "+CME ERROR: 4"}))
    assert isinstance(caught.value, NotSupportedError)
    assert caught.value.command == READS[name].command


@pytest.mark.parametrize("name", [n for n in READS if READS[n].needs is not Needs.MODEM])
def test_what_is_missing_is_said(answering, name):
    if name in WITHOUT_A_SIM:
        return
    session = answering({READS[name].command: "+CME ERROR: 10"})
    with pytest.raises(SimMissingError):
        READS[name](session)
    session = answering({READS[name].command: "+CME ERROR: 30"})
    with pytest.raises(NoServiceError):
        READS[name](session)


@pytest.mark.parametrize("name", READS)
@HOSTILE
@given(data=st.data())
def test_random_lines(answering, name, data):
    lines = data.draw(st.lists(LINES.map(one_line), max_size=4))
    head = READS[name].command[2:].split("=")[0].rstrip("?")
    said = [f"{head}: {line}" if data.draw(st.booleans()) else line for line in lines]
    check(answering, name, {READS[name].command: "|".join([*said, "OK"])})


@pytest.mark.parametrize("name", READS)
@HOSTILE
@given(data=st.data())
def test_mutated_answers(answering, answers, name, data):
    line = answers[READS[name].command].removesuffix("OK")
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(line)))
        cut = data.draw(st.integers(0, 3))
        line = line[:place] + one_line(data.draw(LINES))[:12] + line[place + cut :]
    check(answering, name, answers | {READS[name].command: f"{line}|OK"})


def one_line(text):
    return "".join(text.replace("|", "").splitlines())


def check(answering, name, table):
    """Whatever the modem says: a value that JSON takes, or a FarmError that names the command."""
    value, error = outcome(READS[name], answering(table))
    if isinstance(error, AnswerUnreadableError):
        assert error.command is not None
        assert len(error.message) < 300
    shown = json.dumps(as_plain(value), ensure_ascii=False)
    assert shown.isprintable()
    assert all(len(text) <= 64 for text in strings(as_plain(value)))


def outcome(read, session):
    try:
        return read(session), None
    except FarmError as error:
        return None, error


def strings(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


class Colour(Enum):
    RED = 1


@dataclass(frozen=True)
class Thing:
    colour: Colour
    when: datetime
    where: tuple


def test_plain_values():
    thing = Thing(Colour.RED, datetime(2025, 11, 25, tzinfo=UTC), (ip_address("10.0.0.1"), None))
    assert as_plain(thing) == {
        "colour": "red", "when": "2025-11-25T00:00:00+00:00", "where": ["10.0.0.1", None],
    }  # fmt: skip
    assert as_plain(Needs.SIM) == "sim"
    assert as_plain([1, 2.5, True]) == [1, 2.5, True]
