# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.never: each destructive command, in spellings a modem takes, for everybody."""

import itertools

import pytest

from modemfarm.at import policy
from modemfarm.at.never import NEVER
from modemfarm.at.permit import Role
from modemfarm.errors import CommandRefusedError

# Named here once more, with arguments that work: a name lost from the list is found by this test.
DESTRUCTIVE = (
    'AT+EGMR=1,7,"867584030000017"', 'AT+QCFG="usbcfg",0x2C7C,0x0125,0,0,0,0,0,0,0',
    'AT+QCFG="usbnet",3', 'AT+QCFG="usbid",1,2', 'AT+QCFG="band",0,0', 'AT+QCFG="ims",1',
    'AT+QCFG="nwscanmode",1,1', 'AT+QCFG="secbootstat",1', 'AT+QCFG="unheard/of"', "AT+QFASTBOOT",
    "AT+QFASTBOOT=1", "AT+QPRTPARA=3", "AT+QPRTPARA", "AT&F", "AT&F0", "AT&W", "AT&W0", "ATZ",
    "ATZ0", "AT+QPOWD", "AT+QPOWD=0", "AT+CFUN=0", "AT+CFUN=4", "AT+CFUN=1", "AT+CFUN=1,1",
    "AT+CFUN=7", "AT+CFUN", 'AT+CLCK="SC",1,"1234"', 'AT+CLCK="SC",2', 'AT+CPWD="SC","1234","0000"',
    'AT+CPIN="1234"', "AT+CPIN=1234", 'AT+CPIN="12345678","1234"', "AT+CPIN", 'AT+CPIN2="1234"',
    "AT+QRST=1", 'AT+QFOTADL="http://a/b"', "AT+QSECBOOT=1", 'AT+QLINUXCMD="reboot"',
    'AT+QFUPL="a",1', 'AT+QFDEL="*"', 'AT+QFOPEN="a",1', "AT+QFWRITE=1,1", 'AT+QFMOV="a","b"',
    "ATD112", "ATD", "ATA", "ATH", "ATH0", "ATO", "AT+CMGS=20", 'AT+CMGS="112"', "AT+CMGW=20",
    "AT+CMSS=1", "AT+CMGD=1,4", "AT+CMGD=0", "AT+CMGC=20", 'AT+QCMGS="112"', "AT+QADBKEY=0",
    'AT+QADBKEY="abc"', "AT+QDOWNLOAD=1", 'AT+CRSM=214,28542,0,0,1,"00"', "AT+CRSM=176,28423",
    'AT+CSIM=26,"0020000108"', 'AT+CGLA=1,10,"0020000108"', 'AT+CCHO="A0"', "AT+CCHC=1",
    'AT+CPOL=1,2,"26201"', "AT+QSIMLOCK=1", 'AT+QMBNCFG="Deactivate"', 'AT+QMBNCFG="Select","X"',
    'AT+QMBNCFG="AutoSel",1', 'AT+QMBNCFG="Delete","X"', 'AT+QNVFW="/nv/item",00',
    'AT+QNVW=550,0,"00"', 'AT+QNVFR="/nv/item"', "AT+QNAND=1", 'AT+CPBW=1,"112"', "AT+CMUX=0",
    'AT+CGDATA="PPP",1', "AT+IPR=300", "AT+ICF=1,1", "AT+IFC=1,1", "AT+QIACT=1",
    'AT+QIOPEN=1,0,"TCP","a",1', "AT+QNETDEVCTL=1,1,1", 'AT+QNWLOCK="common/lte",1',
    'AT+QURCCFG="urcport","uart1"', "AT+QSCLK=1", 'AT+CCFC=0,3,"112"', "AT+CHLD=1", "ATV0", "ATV",
    "ATQ1", "AT+QDIAGPORT=1", "AT+QSIMVOL=1", "AT+QSIMDET=1,1", "AT+QDSIM=1",
)  # fmt: skip


def _spellings(text: str) -> list[str]:
    """As people and attackers write it: case, spaces, and spaces around signs."""
    spaced = text.replace("=", " = ").replace(",", " , ")
    letters = " ".join(text[2:].split('"')[0])
    quoted = text[2 + len(text[2:].split('"')[0]) :]
    return [
        text,
        text[:2].lower() + text[2:].lower(),
        text[:2] + text[2:].swapcase(),
        f"AT {text[2:]}",
        f"AT  {text[2:].lower()}",
        f"at {text[2:].swapcase()}",
        spaced,
        spaced.lower(),
        f"at{letters}{quoted}",
    ]


EVERYBODY = [*Role, None]


@pytest.mark.parametrize("text", DESTRUCTIVE)
def test_refused_for_everybody_in_each_spelling(text: str) -> None:
    spellings = set(_spellings(text))
    assert len(spellings) >= 5
    for spelling, role in itertools.product(spellings, EVERYBODY):
        with pytest.raises(CommandRefusedError):
            policy.internal(spelling) if role is None else policy.permit(spelling, role)


@pytest.mark.parametrize("text", DESTRUCTIVE)
def test_refused_with_something_around_it(text: str) -> None:
    for outer in ("AT+CSQ;{}", "AT;{}", "AT{}\r", "AT\r{}", "AT+CSQ\r\n{}", "ATE0{}", "{}\x1a"):
        line = outer.replace("{}", text if "\r" in outer else text[2:])
        with pytest.raises(CommandRefusedError):
            policy.internal(line)


def test_the_list_is_long_and_each_says_why() -> None:
    assert len(NEVER) >= 25
    assert all(rule.why and rule.instead for rule in NEVER.values())


@pytest.mark.parametrize(
    "text",
    ["AT+CPIN?", "AT+CFUN?", 'AT+QCFG="usbnet"', "AT+CFUN=?", "AT+CPOL?", 'AT+QMBNCFG="List"',
     "ATE0", "ATV1", "ATQ0", "AT+CMEE=2", "AT+CREG=2", "AT+COPS=0"],
)  # fmt: skip
def test_questions_and_our_own_start_are_spared(text: str) -> None:
    assert policy.internal(text).text == text


def test_a_pin_is_not_in_the_error() -> None:
    with pytest.raises(CommandRefusedError) as caught:
        policy.internal('AT+CPIN="4711"')
    assert "4711" not in str(caught.value)
    assert "4711" not in str(caught.value.fields())
