# SPDX-License-Identifier: GPL-3.0-or-later
"""AT+CUSD: OK at once, the answer on its own."""

import pytest

from modemlab.modem.clock import ManualClock
from modemlab.modem.modem import Modem

BALANCE = b'\r\n+CUSD: 0,"Balance: 12.34 EUR. Valid until 31.12.2030.",15\r\n'


def test_the_answer_comes_later(at, clock: ManualClock) -> None:
    assert at.lines('AT+CUSD=1,"*100#",15') == ["OK"]
    clock.advance(0.4)
    assert at.take() == b""
    clock.advance(0.2)
    assert at.take() == BALANCE


def test_a_menu_and_its_reply(at, clock: ManualClock) -> None:
    at.send('AT+CUSD=1,"*101#"')
    clock.advance(1)
    assert at.take().startswith(b'\r\n+CUSD: 1,"Lab Telekom\n1 Balance')
    at.send('AT+CUSD=1,"1"')
    clock.advance(1)
    assert at.take() == BALANCE


def test_a_text_beyond_gsm_is_hexadecimal(at, clock: ManualClock) -> None:
    at.send('AT+CUSD=1,"*102#"')
    clock.advance(1)
    text = at.take().decode().split('"')[1]
    assert "€" in bytes.fromhex(text).decode("utf-16-be")


@pytest.mark.parametrize("line", ['AT+CUSD=1,"*999#"', 'AT+CUSD=1,"7"'])
def test_the_network_knows_no_such_code(at, clock: ManualClock, line: str) -> None:
    assert at.lines(line) == ["OK"]
    clock.advance(1)
    assert at.take() == b"\r\n+CUSD: 4\r\n"


def test_without_a_network_no_code_goes_out(at, modem: Modem, clock: ManualClock) -> None:
    modem.faults.set("network", "none")
    assert at.lines('AT+CUSD=1,"*100#"') == ["+CME ERROR: 30"]
    assert at.lines("AT+CUSD=2") == ["OK"]


def test_answers_that_nobody_wants_to_see(at, clock: ManualClock) -> None:
    at.send('AT+CUSD=0,"*100#"')
    clock.advance(1)
    assert at.take() == b""
