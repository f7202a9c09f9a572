# SPDX-License-Identifier: GPL-3.0-or-later
"""Choosing and seeking networks: +COPS with its waits, and what a scan mode makes of it."""

import pytest

from modemlab.modem.clock import ManualClock
from modemlab.modem.modem import Modem

SCAN = (
    '+COPS: (2,"Lab Telekom","LabTel","26201",7),(3,"Lab Mobil","LabMob","26203",7),'
    ",(0,1,2,3,4),(0,1,2)"
)


def after(at, clock: ManualClock, line: str, seconds: float) -> list[str]:
    """Answer lines of a command that takes up to so long."""
    assert b"OK" not in at.send(line)
    clock.advance(seconds)
    return [text for text in at.take().decode().split("\r\n") if text]


def test_a_scan_takes_its_time(at, clock: ManualClock, make_modem, modem: Modem) -> None:
    assert after(at, clock, "AT+COPS=?", 0.1) == []
    clock.advance(0.2)
    assert at.take().decode() == f"\r\n{SCAN}\r\n\r\nOK\r\n"


def test_a_scan_without_any_network(at, clock: ManualClock, modem: Modem) -> None:
    modem.faults.set("network", "none")
    assert after(at, clock, "AT+COPS=?", 1) == ["+CME ERROR: 30"]


@pytest.mark.parametrize("name", ["26201", "Lab Telekom", "LabTel"])
def test_the_own_network_by_hand(at, clock: ManualClock, name: str) -> None:
    assert after(at, clock, f'AT+COPS=1,2,"{name}"', 2) == ["OK"]
    assert at.lines("AT+COPS?")[0] == '+COPS: 1,2,"26201",7'
    assert at.lines("AT+CEREG?")[0] == "+CEREG: 0,1"


@pytest.mark.parametrize(
    ("plmn", "result", "stat"), [("26203", "+CME ERROR: 32", 3), ("99999", "+CME ERROR: 30", 2)]
)
def test_another_network_by_hand(
    at, clock: ManualClock, modem: Modem, plmn: str, result: str, stat: int
) -> None:
    modem.start_session(1, 4, "")
    assert after(at, clock, f'AT+COPS=1,2,"{plmn}"', 2) == [result]
    assert at.lines("AT+CEREG?")[0] == f"+CEREG: 0,{stat}"
    assert at.lines("AT+COPS?")[0] == "+COPS: 1"
    assert not modem.connected
    modem.power_cycle()
    clock.advance(2)
    assert at.lines("AT+CEREG?")[0] == f"+CEREG: 0,{stat}"
    assert after(at, clock, "AT+COPS=0", 2) == ["OK"]
    assert at.lines("AT+COPS?")[0] == '+COPS: 0,0,"Lab Telekom",7'


def test_by_hand_or_else_automatic(at, clock: ManualClock) -> None:
    assert at.lines('AT+COPS=4,2,"26203"') == ["OK"]
    assert at.lines("AT+COPS?")[0] == '+COPS: 0,2,"26201",7'


def test_leaving_the_network(at, clock: ManualClock) -> None:
    assert at.lines("AT+COPS=2") == ["OK"]
    assert at.lines("AT+CREG?;+COPS?") == ["+CREG: 0,0", "+COPS: 2", "OK"]


@pytest.mark.parametrize("line", ["AT+COPS=1", "AT+COPS=5", "AT+COPS=1,3", "AT+COPS=x"])
def test_bad_choices(at, line: str) -> None:
    assert at.lines(line) == ["+CME ERROR: 50"]


@pytest.mark.parametrize("line", ['AT+QCFG="nwscanmode",1,1', 'AT+QCFG="band",0,1,0'])
def test_a_mode_or_band_without_the_cell_finds_nothing(at, clock, line: str) -> None:
    assert at.lines(line) == ["OK"]
    assert at.lines("AT+CEREG?;+CSQ") == ["+CEREG: 0,2", "+CSQ: 99,99", "OK"]
    at.send('AT+QCFG="nwscanmode",3;+QCFG="band",ffff,7fffffffffffffff,0,1')
    clock.advance(2)
    assert at.lines("AT+CEREG?")[0] == "+CEREG: 0,1"


def test_neighbours(at, modem: Modem) -> None:
    lines = at.lines('AT+QENG="neighbourcell"')
    assert [line.count(",") for line in lines[:-1]] == [12, 12, 15, 15]
    assert lines[0].startswith('+QENG: "neighbourcell intra","LTE",1300,118,-')
    modem.faults.set("network", "none")
    assert at.lines('AT+QENG="neighbourcell"') == ["OK"]
