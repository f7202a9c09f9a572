# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.conversation against hostile modems, on a port and a clock that are not real."""

import contextlib
from types import SimpleNamespace
from typing import Any
from unicodedata import category

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modemfarm.at import conversation
from modemfarm.at.conversation import Conversation
from modemfarm.at.exchange import MAX_LINES, Exchange
from modemfarm.at.framing import MAX_LINE
from modemfarm.at.policy import internal
from modemfarm.errors import CommandFailedError, CommandTimeoutError
from modemfarm.record import Record

TIMEOUT_S = 2.0
LATE_S = 1e-6
MOST_TRIES = 8  # of PROBE_TRIES seconds; the hostile part lasts 18 s at most
IMEI = "867584030000017"
PIECES = st.one_of(
    st.binary(max_size=40),
    st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace")),
    st.sampled_from(
        [
            b"\r\n", b"\r", b"\n", b"OK", b"ERROR", b"\r\nOK\r\n", b"\r\nERROR\r\n", b"\0\0", b"> ",
            b"AT+CGSN\r", b"AT+C", b"GSN\r", b"T+CGSN", b"\xff\xfe", b"\x1a", b"\x1b[2J",
            b"\r\n+CME ERROR: 10\r\n", b"\r\n+CMS ERROR: weird\r\n", b"+CME ERROR:", b"+CGSN: ",
            b'\r\n+QIND: "csq",20,99\r\n', b"\r\nRDY\r\n", b"\r\nRING\r\n", b"\r\nNO CARRIER\r\n",
            b"\r\n+CREG: 1\r\n", b"\r\n+CMT: ,24\r\n", b"\r\n> ", b"\r\n" + IMEI.encode(),
            b"x" * 3000, b"\r\n" * 50, b"+" * 500,
        ]
    ),
)  # fmt: skip
WAITS = st.sampled_from([0.0, 0.0, 0.0, 0.01, 0.3, 1.5])
HOSTILE = st.lists(st.tuples(WAITS, PIECES), max_size=12)


class Clock:
    """time.monotonic and time.time, moved by the port only."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


class HostilePort:
    """Says `pieces` (seconds before, bytes) after the first command, and is sane afterwards."""

    def __init__(self, clock: Clock, pieces: list[tuple[float, bytes]]) -> None:
        self.clock = clock
        self.hostile: list[tuple[float, bytes]] = pieces
        self.coming: list[tuple[float, bytes]] = []
        self.commands: list[bytes] = []

    def write(self, data: bytes, _seconds: float) -> None:
        self.commands.append(data)
        if len(self.commands) == 1:
            self.coming += self.hostile
        elif data.startswith(b"AT"):
            answer = IMEI if data == b"AT+CGSN\r" else f"{data[2:-2].decode()}: 2"
            self.coming.append((0.001, b"\r\n%b\r\n\r\nOK\r\n" % answer.encode()))

    def read(self, seconds: float) -> bytes:
        if not self.coming or self.coming[0][0] > seconds:
            self.clock.now += seconds
            if self.coming:
                wait, data = self.coming[0]
                self.coming[0] = (wait - seconds, data)
            return b""
        wait, data = self.coming.pop(0)
        self.clock.now += wait
        return data or self.read(seconds - wait)


def conversation_with(
    monkeypatch: pytest.MonkeyPatch, pieces: list[tuple[float, bytes]], **callbacks: Any
) -> tuple[Conversation, HostilePort, Clock]:
    clock = Clock()
    monkeypatch.setattr(conversation, "time", clock)
    port = HostilePort(clock, pieces)
    observer, on_urc = callbacks.get("observer"), callbacks.get("on_urc")
    talk = Conversation("/dev/ttyUSB3", port, observer, on_urc)  # type: ignore[arg-type]
    return talk, port, clock


@settings(max_examples=5500, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=HOSTILE)
def test_no_answer_breaks_a_conversation(
    monkeypatch: pytest.MonkeyPatch, pieces: list[tuple[float, bytes]]
) -> None:
    news: list[str] = []
    records: list[Record] = []
    talk, _port, clock = conversation_with(
        monkeypatch, pieces, observer=records.append, on_urc=news.append
    )
    first, started = Exchange("AT+CGSN"), clock.now
    try:
        talk.say(internal("AT+CGSN", TIMEOUT_S), first)
        outcome = "ok"
    except CommandTimeoutError:
        outcome = "timeout"
    except CommandFailedError:
        outcome = "error"
    assert clock.now - started <= TIMEOUT_S + LATE_S
    assert [(record.command, record.outcome) for record in records] == [("AT+CGSN", outcome)]
    assert len(first.lines) <= MAX_LINES
    assert len(talk._framer._rest) <= MAX_LINE
    if outcome == "timeout":  # whatever else was said, the next answer is the next command's
        assert next_answer(talk) == [IMEI]
    assert all(0 < len(line) <= MAX_LINE for line in news)
    assert not any(category(char) == "Cc" and char != "\t" for line in news for char in line)


def next_answer(talk: Conversation) -> list[str]:
    """The answer to a sane command, as soon as the modem takes one."""
    for _ in range(MOST_TRIES):
        following = Exchange("AT+CGSN")
        with contextlib.suppress(CommandTimeoutError):
            talk.say(internal("AT+CGSN", TIMEOUT_S), following)
            return following.lines
    raise AssertionError("the session does not find its way back")


def test_a_flood_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    count = SimpleNamespace(lines=0)

    def on_urc(_line: str) -> None:
        count.lines += 1

    noise = b'\r\n+QIND: "csq",20,99\r\n' * 170
    pieces = [(0.0, noise)] * 2000 + [(0.0, b"\r\n1\r\n\r\nOK\r\n")]
    talk, _port, _clock = conversation_with(monkeypatch, pieces, on_urc=on_urc)
    exchange = Exchange("AT+CGSN")
    talk.say(internal("AT+CGSN", TIMEOUT_S), exchange)
    assert (exchange.lines, exchange.urcs, exchange.overflow) == (["1"], [], 0)
    assert count.lines == 340_000


def test_what_never_ends_is_dropped_and_the_deadline_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    talk, _port, clock = conversation_with(monkeypatch, [(0.01, b"x" * 4096)] * 1000)
    started = clock.now
    with pytest.raises(CommandTimeoutError):
        talk.say(internal("AT+CGSN", TIMEOUT_S), Exchange("AT+CGSN"))
    assert clock.now - started <= TIMEOUT_S + LATE_S
    assert len(talk._framer._rest) <= MAX_LINE


def test_leftovers_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    talk, port, _clock = conversation_with(monkeypatch, [])
    monkeypatch.setattr(port, "write", lambda _data, _seconds: None)  # it never answers
    for _ in range(20):
        with pytest.raises(CommandTimeoutError):
            talk.say(internal("AT+CGSN", TIMEOUT_S), Exchange("AT+CGSN"))
    assert len(talk._unfinished) == conversation.MAX_UNFINISHED
