# SPDX-License-Identifier: GPL-3.0-or-later
"""Contexts and counters."""

from modemlab.modem.clock import ManualClock
from modemlab.modem.modem import Modem

ZEROS_16 = ".".join(["0"] * 16)


def test_contexts_are_defined_changed_and_forgotten(at, modem: Modem) -> None:
    assert at.lines('AT+CGDCONT=2,"IPV4V6","ims";+CGDCONT=1,"IP","web"') == ["OK"]
    assert at.lines("AT+CGDCONT?") == [
        '+CGDCONT: 1,"IP","web","0.0.0.0",0,0,0,0',
        f'+CGDCONT: 2,"IPV4V6","ims","0.0.0.0.{ZEROS_16}",0,0,0,0',
        "OK",
    ]
    assert modem.apn == "web"
    modem.power_cycle()
    assert at.lines("AT+CGACT?") == ["+CGACT: 1,0", "+CGACT: 2,0", "OK"]
    assert at.lines("AT+CGDCONT=2") == ["OK"]
    assert len(at.lines("AT+CGDCONT?")) == 2


def test_an_active_context_is_not_changed(at, modem: Modem) -> None:
    modem.start_session(1, 4, "")
    assert at.lines('AT+CGDCONT=1,"IP","other"') == ["+CME ERROR: 3"]
    assert modem.apn == "internet"


def test_an_unknown_context(at) -> None:
    assert at.lines("AT+CGPADDR=2") == ["+CME ERROR: 50"]
    assert at.lines('AT+CGDCONT=1,"X25"') == ["+CME ERROR: 50"]
    assert at.lines("AT+CGACT=1,2") == ["+CME ERROR: 50"]


def test_addresses_of_both_families(at, modem: Modem) -> None:
    at.send('AT+CGDCONT=1,"IPV4V6","web"')
    modem.start_session(1, 4, "")
    assert at.lines("AT+CGPADDR")[0] == f'+CGPADDR: 1,"10.64.1.2,{ZEROS_16}"'


def test_counters_count_bytes_until_they_are_reset(at, modem: Modem) -> None:
    modem.uplink = modem.on_packet = lambda packet: None
    modem.start_session(1, 4, "")
    modem.from_host(b"\x45" + bytes(99))
    modem.downlink(b"\x45" + bytes(49))
    assert at.lines("AT+QGDCNT?")[0] == "+QGDCNT: 100,50"
    at.send("AT+QGDCNT=0")
    assert at.lines("AT+QGDCNT?")[0] == "+QGDCNT: 0,0"


def test_only_what_was_saved_survives_the_power(at, modem: Modem, clock: ManualClock) -> None:
    modem.uplink = lambda packet: None
    modem.start_session(1, 4, "")
    modem.from_host(b"\x45" + bytes(99))
    at.send("AT+QGDCNT=1")
    modem.from_host(b"\x45" + bytes(99))
    modem.power_cycle()
    assert at.lines("AT+QGDCNT?")[0] == "+QGDCNT: 100,0"
    at.send("AT+QAUGDCNT=30")
    clock.advance(2)  # registration
    modem.start_session(1, 4, "")
    modem.from_host(b"\x45" + bytes(99))
    clock.advance(60)
    modem.power_cycle()
    assert at.lines("AT+QGDCNT?")[0] == "+QGDCNT: 200,0"
    assert at.lines("AT+QAUGDCNT=29") == ["+CME ERROR: 50"]
