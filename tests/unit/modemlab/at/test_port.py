# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes, echo, unsolicited lines and the faults of a port."""

import pytest

from modemlab.modem.clock import ManualClock
from modemlab.modem.modem import Modem

OK = b"\r\nOK\r\n"


def test_echo_is_on_after_power_up_and_is_each_ports_own(at, at2) -> None:
    assert at.send("AT") == b"AT\r" + OK
    at.send("ATE0")
    assert at.send("AT") == OK
    assert at2.send("AT") == b"AT\r" + OK


def test_answer_bytes(at) -> None:
    at.send("ATE0")
    assert at.send("ATI") == b"\r\nQuectel\r\nEC25\r\nRevision: EC25EUXGAR08A13M1G\r\n" + OK


@pytest.mark.parametrize("pieces", [[b"A", b"T\r"], [b"\r\n\x00 AT\r\n"], [b"\x1aAT\r"]])
def test_lines_are_put_together(at, modem: Modem, pieces: list[bytes]) -> None:
    for piece in pieces:
        modem.at(3, piece)
    assert at.take().endswith(OK)


def test_a_line_feed_alone_is_no_command(at, modem: Modem) -> None:
    """`echo AT > /dev/ttyUSB2` sends LF in raw mode: nothing happens, as in the field."""
    modem.at(3, b"AT\n")
    assert at.take() == b""


def test_several_lines_at_once_are_answered_in_order(at, modem: Modem) -> None:
    modem.at(3, b"ATE0\rAT+CGMI\rAT+CGMM\r")
    assert at.take() == b"ATE0\r" + OK + b"\r\nQuectel\r\n" + OK + b"\r\nEC25\r\n" + OK


def test_noise_without_end_does_not_pile_up(at, modem: Modem) -> None:
    for _ in range(100):
        modem.at(3, b"x" * 10_000)
    modem.at(3, b"\rAT\r")
    assert at.take().endswith(OK)
    assert modem.counters.at_commands == 2


def test_any_byte_is_survived(at, modem: Modem) -> None:
    modem.at(3, bytes(range(256)) * 4 + b"\r")
    assert b"ERROR" in at.take()


def test_commands_are_counted_by_port_name_and_form(at, at2, modem: Modem) -> None:
    for line in ("AT", 'AT+CPIN?;+CPIN="1234"', "at+cpin?", "AT+NOSUCH", "ATE0I", "hello"):
        at.send(line)
    at2.send("AT+CSQ=?")
    modem.power_cycle()
    expected = {"AT": 1, "+CPIN?": 2, "+CPIN=": 1, "unknown": 1, "E": 1, "I": 1}
    assert modem.at_engine.commands == {2: {"+CSQ=?": 1}, 3: expected}


def test_silent(at, at2, modem: Modem) -> None:
    modem.faults.set("silent", "3")
    assert at.send("AT") == b""
    assert at2.send("AT") != b""
    modem.faults.set("silent", "all")
    assert at2.send("AT") == b""
    modem.faults.set("silent", "off")
    assert at.send("AT") != b""


def test_slow(at, clock: ManualClock, modem: Modem) -> None:
    modem.faults.set("slow", 3)
    assert at.send("AT") == b"AT\r"
    modem.at(3, b"AT+CGMI\r")
    clock.advance(2.9)
    assert at.take() == b""
    clock.advance(0.2)
    assert at.take() == OK + b"AT+CGMI\r"
    clock.advance(3)
    assert at.take() == b"\r\nQuectel\r\n" + OK


def test_one_answer_is_late(at, clock: ManualClock, modem: Modem) -> None:
    modem.faults.set("late", 5)
    assert at.send("AT+CGMI") == b"AT+CGMI\r"
    clock.advance(5)
    assert at.take() == b"\r\nQuectel\r\n" + OK
    assert at.send("AT") == b"AT\r" + OK


def test_answers_byte_by_byte(at, clock: ManualClock, modem: Modem) -> None:
    pieces: list[bytes] = []
    modem.on_at[3] = pieces.append
    modem.faults.set("split", True)
    at.send("AT")
    modem.faults.set("split", False)
    modem.at_engine.ports[3].urc("+LATER: 1")
    clock.advance(1)
    assert b"".join(pieces) == b"AT\r" + OK + b"\r\n+LATER: 1\r\n"
    assert {len(piece) for piece in pieces} == {1}


@pytest.mark.parametrize(
    ("cmee", "value", "final"),
    [
        (1, "cme:30", "+CME ERROR: 30"),
        (2, "cme:30", "+CME ERROR: no network service"),
        (2, "CMS:500", "+CMS ERROR: unknown error"),
        (2, "cme:772", "+CME ERROR: 772"),
        (0, "cme:30", "ERROR"),
        (2, True, "ERROR"),
    ],
)
def test_the_next_command_fails_once(at, modem: Modem, cmee: int, value: object, final) -> None:
    at.send(f"AT+CMEE={cmee}")
    modem.faults.set("at_error", value)
    assert at.lines("AT+CSQ") == [final]
    assert at.lines("AT") == ["OK"]


def test_what_a_command_sets_off_comes_behind_its_answer(at2, modem: Modem) -> None:
    modem.faults.set("sim", "pin")
    at2.take()
    assert at2.lines('AT+CPIN="1234"') == ["OK", "+QUSIM: 1", "+CPIN: READY"]


def test_slow_answers_do_not_survive_a_power_cycle(at, clock: ManualClock, modem: Modem) -> None:
    modem.faults.set("slow", 3)
    at.send("AT+CGMI")
    modem.power_cycle()
    clock.advance(10)
    assert at.take() == b""


def test_garbage_instead_of_the_answer(at, modem: Modem) -> None:
    at.send("ATE0")
    modem.faults.set("garbage", "replace")
    first, second = at.send("AT"), at.send("AT")
    assert b"OK" not in first
    assert len(first) == 64
    assert first != second


def test_garbage_before_the_answer(at, modem: Modem) -> None:
    modem.faults.set("garbage", "prefix")
    assert at.send("AT").endswith(OK)
    assert at.send("AT") != b"AT\r" + OK


def test_garbage_without_end(at, modem: Modem, clock: ManualClock) -> None:
    modem.faults.set("garbage", "endless")
    at.send("AT")
    clock.advance(2)
    noise = at.take()
    assert len(noise) > 5000
    assert b"\r" not in noise
    assert b"\n" not in noise
    modem.faults.set("garbage", "off")
    clock.advance(2)
    assert at.take() == b""
    assert at.send("AT").endswith(OK)


def test_echo_that_cannot_be_switched_off(at, modem: Modem) -> None:
    modem.faults.set("echo", True)
    at.send("ATE0")
    assert at.send("AT") == b"AT\r" + OK


@pytest.mark.parametrize(("command", "left"), [("AT", b""), ("AT+CGMI", b"\r\nQuectel\r\n")])
def test_truncated_answers(at, modem: Modem, command: str, left: bytes) -> None:
    at.send("ATE0")
    modem.faults.set("truncate", True)
    assert at.send(command) == left


def test_unsolicited_line_in_the_middle(at, modem: Modem) -> None:
    at.send("ATE0")
    modem.faults.set("urc_in_answer", True)
    assert at.lines("ATI") == ["Quectel", '+QIND: "csq",20,99', "EC25",
                               "Revision: EC25EUXGAR08A13M1G", "OK"]  # fmt: skip


def test_flood(at, at2, modem: Modem, clock: ManualClock) -> None:
    modem.faults.set("urc_flood", 10)
    clock.advance(1)
    assert at.take().count(b"+QIND") in (10, 11)
    assert at2.take().count(b"+QIND") in (10, 11)
    modem.faults.set("urc_flood", 0)
    clock.advance(1)
    assert at.take() == b""


def test_flood_goes_on_after_a_power_cycle(at, modem: Modem, clock: ManualClock) -> None:
    modem.faults.set("urc_flood", 10)
    modem.power_cycle()
    clock.advance(1)
    assert b"+QIND" in at.take()


def test_vanish_in_the_middle_of_an_answer(at, modem: Modem, clock: ManualClock) -> None:
    gone: list[bool] = []
    modem.on_vanish = lambda: gone.append(True)
    modem.faults.set("vanish", "at")
    answer = at.send("AT+CGSN")
    assert b"OK" not in answer
    assert answer != b""
    clock.advance(1)
    assert gone == [True]
    assert at.send("AT") == b""
    assert modem.faults.vanish == "off"


def test_registration_lines_on_the_port_that_asked(at, at2, modem: Modem) -> None:
    at.send("AT+CREG=1;+CEREG=2")
    modem.faults.set("network", "denied")
    assert at.take() == b"\r\n+CREG: 3\r\n\r\n+CEREG: 3\r\n"
    assert at2.take() == b""


def test_registration_line_with_cell(at, modem: Modem, clock: ManualClock) -> None:
    modem.faults.set("network", "none")
    at.send("AT+CEREG=2")
    modem.faults.set("network", "roaming")
    clock.advance(2)
    assert b'\r\n+CEREG: 5,"1234","1A2D002",7\r\n' in at.take()


def test_boot_and_sim_lines_come_on_the_first_port(at, at2, modem: Modem) -> None:
    modem.power_cycle()
    assert at2.take() == b"\r\nRDY\r\n\r\n+CFUN: 1\r\n\r\n+QUSIM: 1\r\n\r\n+CPIN: READY\r\n"
    modem.faults.set("sim", "missing")
    assert at2.take() == b"\r\n+CPIN: NOT INSERTED\r\n"
    assert at.take() == b""
