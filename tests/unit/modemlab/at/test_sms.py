# SPDX-License-Identifier: GPL-3.0-or-later
"""The message store in PDU mode."""

import pytest

from modemlab.modem.messages import ME, SM, Status
from modemlab.modem.modem import Modem

TPDU = bytes.fromhex("040b919471000000f1000052112151413180")
SMSC = bytes.fromhex("0791947100000000")


@pytest.fixture
def stored(modem: Modem) -> Modem:
    modem.messages.add(ME, Status.UNREAD, TPDU, SMSC)
    modem.messages.add(ME, Status.READ, TPDU)
    modem.messages.add(SM, Status.SENT, TPDU)
    return modem


def test_counts(at, stored: Modem) -> None:
    assert at.lines('AT+CPMS="SM"')[0] == "+CPMS: 1,23,2,255,2,255"
    assert at.lines("AT+CPMS?")[0] == '+CPMS: "SM",1,23,"ME",2,255,"ME",2,255'
    assert at.lines('AT+CPMS="XX"') == ["+CMS ERROR: 302"]


def test_a_listing_marks_as_read(at, stored: Modem) -> None:
    shown = [f"+CMGL: 0,0,,{len(TPDU)}", (SMSC + TPDU).hex().upper(), "OK"]
    assert at.lines("AT+CMGL") == shown
    assert at.lines("AT+CMGL=0") == ["OK"]
    assert [line for line in at.lines("AT+CMGL=4") if line[0] == "+"] == [
        f"+CMGL: 0,1,,{len(TPDU)}",
        f"+CMGL: 1,1,,{len(TPDU)}",
    ]


def test_reading_one(at, stored: Modem) -> None:
    assert at.lines("AT+CMGR=0") == [f"+CMGR: 0,,{len(TPDU)}", (SMSC + TPDU).hex().upper(), "OK"]
    assert at.lines("AT+CMGR=0")[0] == f"+CMGR: 1,,{len(TPDU)}"


@pytest.mark.parametrize(
    ("line", "code"), [("AT+CMGR=7", 321), ("AT+CMGD=7", 321), ("AT+CMGR=x", 321),
                       ("AT+CMGL=5", 304), ("AT+CMGD=0,9", 304)],
)  # fmt: skip
def test_errors_are_those_of_messages(at, stored: Modem, line: str, code: int) -> None:
    assert at.lines(line) == [f"+CMS ERROR: {code}"]


def test_errors_in_words(at, stored: Modem) -> None:
    at.send("AT+CMEE=2")
    assert at.lines("AT+CMGR=7") == ["+CMS ERROR: invalid memory index"]
    stored.faults.set("sim", "missing")
    assert at.lines("AT+CPMS?") == ["+CMS ERROR: SIM not inserted"]


@pytest.mark.parametrize(("flag", "left"), [("0", 1), ("0,1", 1), ("0,4", 0)])
def test_deleting(at, stored: Modem, flag: str, left: int) -> None:
    assert at.lines("AT+CMGD=?")[0] == "+CMGD: (0,1),(0-4)"
    assert at.lines(f"AT+CMGD={flag}") == ["OK"]
    assert len(stored.messages.list(ME)) == left


def test_text_mode_is_refused_and_not_wrong(at, stored: Modem) -> None:
    at.send("AT+CMGF=1")
    assert at.lines('AT+CMGL="ALL"') == ["+CMS ERROR: 303"]
