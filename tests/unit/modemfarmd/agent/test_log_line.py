# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of the spool: what a writer of ours writes becomes a row, and nothing else does."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemfarm.errors import InvalidValueError
from modemfarm.record import Record
from modemfarm.spool import Spool
from modemfarm.spool_room import Dropped
from modemfarmd.agent.log_line import LINE_LONGEST, parse
from modemfarmd.registry.model import LogLine

SERIAL = "867584030000017"
NOW = 1_800_000_000.0
GOOD = {
    "serial": SERIAL, "actor": "cli:alice", "correlation": "run-1", "channel": "at",
    "command": "AT+CSQ", "answer": "+CSQ: 20,99", "outcome": "ok", "ms": 3.5, "at": NOW - 5,
}  # fmt: skip


def line(**changes: Any) -> bytes:
    return json.dumps(GOOD | changes).encode()


def test_a_line_becomes_a_row() -> None:
    assert parse(line(), None, NOW) == LogLine(
        SERIAL, "at", "AT+CSQ", "+CSQ: 20,99", "ok", 3.5, "cli:alice", "run-1",
        datetime.fromtimestamp(NOW - 5, UTC),
    )  # fmt: skip


def test_the_longest_line_of_a_writer_is_taken() -> None:
    spool = Spool(SERIAL, "agent")
    record = Record("at", "AT" + "\ud800" * 9999, "\x00" * 99_999, "ok", 1.0, NOW)
    text = spool._line(SERIAL, record)
    assert len(text) <= LINE_LONGEST
    assert isinstance(parse(text[:-1], None, NOW), LogLine)


def test_secrets_are_masked_once_more() -> None:
    row = parse(line(command='AT+CPIN="4711"', answer="+CMGR: 1,,2\nsecret"), None, NOW)
    assert isinstance(row, LogLine)
    assert (row.command, row.answer) == ("AT+CPIN=****", "+CMGR: 1,,2\n<6 characters>")


@pytest.mark.parametrize(
    ("actor", "person", "stamped"),
    [
        ("ansible:root", None, "ansible:root"), ("agent", None, "agent"),
        ("cli:alice", "alice", "cli:alice"), ("ansible:root", "mallory", "ansible:mallory"),
        ("agent", "mallory", "agent:mallory"), ("cli:alice", "m\x1b llory", "cli:m??llory"),
    ],
)  # fmt: skip
def test_a_person_speaks_under_no_other_name(actor: str, person: str | None, stamped: str) -> None:
    row = parse(line(actor=actor), person, NOW)
    assert isinstance(row, LogLine)
    assert row.actor == stamped


@pytest.mark.parametrize("stamp", [NOW + 3600, -5, 1e300])
def test_a_time_that_cannot_be_is_now(stamp: float) -> None:
    row = parse(line(at=stamp), None, NOW)
    assert isinstance(row, LogLine)
    assert row.at == datetime.fromtimestamp(NOW, UTC)


def test_what_a_writer_dropped_is_told() -> None:
    assert parse(b'{"dropped": [3, 4096]}', None) == Dropped(3, 4096)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"serial": "12"}, "serial"), ({"serial": None}, "serial"), ({"serial": 7}, "serial"),
        ({"actor": "no body"}, "actor"), ({"correlation": "a b"}, "correlation"),
        ({"correlation": None}, "correlation"), ({"channel": "smtp"}, "channel"),
        ({"channel": []}, "channel"), ({"command": None}, "command"),
        ({"command": "x" * 3000}, "command"), ({"answer": ["x"]}, "answer"),
        ({"answer": "x" * 20_000}, "answer"), ({"outcome": "fine"}, "outcome"),
        ({"ms": -1}, "ms"), ({"ms": "3"}, "ms"), ({"ms": True}, "ms"), ({"ms": 1e12}, "ms"),
        ({"ms": float("nan")}, "ms"), ({"ms": 10**400}, "ms"), ({"at": None}, "at"),
        ({"at": float("inf")}, "at"), ({"dropped": [0, 1]}, "dropped"),
        ({"dropped": [1, 10**30]}, "dropped"), ({"dropped": "all"}, "dropped"),
    ],
)  # fmt: skip
def test_lines_that_are_none(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidValueError) as raised:
        parse(line(**changes), None, NOW)
    assert raised.value.field == field
    assert "not shown" in raised.value.message


@pytest.mark.parametrize("text", [b"", b"x", b"[]", b"\xff\xfe", b"[" * 100_000, b"{}" * 70_000])
def test_texts_that_are_no_line(text: bytes) -> None:
    with pytest.raises(InvalidValueError):
        parse(text, None, NOW)


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*GOOD, "dropped"]), inner),
    ).map(lambda value: json.dumps(value).encode())
    | st.tuples(st.sampled_from(list(GOOD)), st.integers() | st.floats() | st.text()).map(
        lambda pair: json.dumps(GOOD | {pair[0]: pair[1]}).encode()
    )
)
def test_whatever_is_written_there_is_a_row_or_an_error(text: bytes) -> None:
    try:
        found = parse(text, "mallory", NOW)
    except InvalidValueError:
        return
    assert isinstance(found, LogLine | Dropped)
