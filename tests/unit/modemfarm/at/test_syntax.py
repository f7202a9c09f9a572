# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.syntax."""

import pytest

from modemfarm.at.syntax import MAX_COMMAND, Kind, parse, shown
from modemfarm.errors import CommandRefusedError


@pytest.mark.parametrize(
    ("text", "name", "kind", "spelled"),
    [
        ("AT", "", Kind.RUN, "AT"),
        ("at", "", Kind.RUN, "AT"),
        ("ati", "I", Kind.RUN, "ATI"),
        ("AT E0", "E", Kind.RUN, "ATE0"),
        ("at&v", "&V", Kind.RUN, "AT&V"),
        ("at + c s q", "+CSQ", Kind.RUN, "AT+CSQ"),
        ("AT+COPS ?", "+COPS", Kind.READ, "AT+COPS?"),
        ("AT+cops = ?", "+COPS", Kind.TEST, "AT+COPS=?"),
        ("at+cfun = 1 , 1", "+CFUN", Kind.WRITE, "AT+CFUN=1,1"),
        ('AT+QCFG = "usb net" , a', "+QCFG", Kind.WRITE, 'AT+QCFG="usb net",A'),
        ('AT+CGDCONT=1,"IP","a,b"', "+CGDCONT", Kind.WRITE, 'AT+CGDCONT=1,"IP","a,b"'),
        ("AT+COPS=", "+COPS", Kind.WRITE, "AT+COPS="),
    ],
)
def test_one_spelling(text: str, name: str, kind: Kind, spelled: str) -> None:
    command = parse(text)
    assert (command.name, command.kind, command.text) == (name, kind, spelled)


def test_arguments_keep_their_quotes() -> None:
    first, second = parse('AT+X1="1,2",3').arguments
    assert (first.value, first.quoted, second.value, second.quoted) == ("1,2", True, "3", False)


@pytest.mark.parametrize(
    "text",
    [
        "", "A", "A/", "a/", "+++", "AT+++", "+CSQ", "CSQ", "aT+CSQ", "At", "A T", " AT", "AT ",
        "AT+CSQ;", "AT+CSQ;+CFUN=0", 'AT+CUSD=1,"a;b"', "ATE0V1", "ATE0+CSQ", "AT+CSQ+CSQ",
        "AT+CSQ?1", "AT+CSQ=?1", "AT+CSQ?,1", "AT+CSQ=??", "AT+CSQ==1", "ATS0=1",
        "ATS0?", "ATE00", "AT+C", "AT+", "AT=", "AT?", "AT&", "AT+1A", "AT$QCRMCALL=1,1",
        "AT^RESET", "AT*X", "AT%X", "AT#X", "AT-X", "AT+C-Q", 'AT"+CSQ"', 'AT+CSQ"', 'AT+X1="a',
        'AT+X1="a"b', 'AT+X1=a"b"', 'AT+X1="a""b"', "AT+X1='a'", "AT+X1=a.b", "AT+X1=\\22",
        'AT+X1="\\3B"', "AT\r", "AT\n", "AT+CSQ\rATZ", "AT\t", "AT\0", "AT\x1a", "AT\x1b", "AT\x7f",
        "AT+CSQ\x85", "AT+CSQ\u2028", "\ufeffAT", "AT+CFUN\uff1d1", "\uff21T", "\u0410T+CSQ",
        "AT+CFUN=\u0661", "AT+CFUN=\uff11", "AT\u00a0", "AT+COPS=\u00b2", "AT+" + "C" * 17,
    ],
)  # fmt: skip
def test_what_is_not_one_plain_command(text: str) -> None:
    with pytest.raises(CommandRefusedError) as caught:
        parse(text)
    assert caught.value.remedy


@pytest.mark.parametrize("value", [None, 7, b"AT", ["AT"]])
def test_only_text(value: object) -> None:
    with pytest.raises(CommandRefusedError):
        parse(value)


def test_length() -> None:
    longest = 'AT+X1="' + "a" * (MAX_COMMAND - 8) + '"'
    assert parse(longest).text == longest
    with pytest.raises(CommandRefusedError, match=f"{MAX_COMMAND + 1} characters"):
        parse(longest.replace("a", "aa", 1))


@pytest.mark.parametrize(
    "text", ['AT+CPIN="4711";', "AT+CPIN=4 7 1 1;", "AT+CPIN=\u0664\u0667\u0661\u0661", "4711" * 99]
)
def test_what_may_be_a_pin_is_not_shown(text: str) -> None:
    with pytest.raises(CommandRefusedError) as caught:
        parse(text)
    said = str(caught.value).replace("399", "")
    assert "4711" not in said
    assert "4 7 1 1" not in said
    assert "0664" not in said


def test_shown_is_short() -> None:
    assert len(shown("x" * 10_000)) <= 60
