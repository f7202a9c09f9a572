# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of a healthy modem, as the manual shows them."""

import re
from collections.abc import Callable

import pytest

from modemlab.modem.clock import ManualClock
from modemlab.modem.modem import Modem
from modemlab.modem.spec import Wan6

# What ModemManager 1.20 and its quectel plugin ask of an EC25 in QMI mode, and ours.
QUIET = [
    "AT", "ATE0", "ATV1", "ATX4", "AT&C1", "ATE0Q0V1X4&C1", "ATZ", "AT&F", "AT+CMEE=1",
    "AT+CGSN=?", "AT+CFUN=1", "AT+COPS=0", "AT+CNMI=2,1,0,0,0", "AT+CMGL", 'AT+QINDCFG="csq",1',
    'AT+CGDCONT=1,"IP","web"', "AT+CREG=2;+CGREG=2", "at+cmgf=0",
]  # fmt: skip
FIXED = {
    "ATI": ["Quectel", "EC25", "Revision: EC25EUXGAR08A13M1G"],
    "AT+CGMI": ["Quectel"],
    "AT+CGMM": ["EC25"],
    "AT+CGMR": ["EC25EUXGAR08A13M1G"],
    "AT+CGSN": ["867584030000017"],
    "AT+GSN": ["867584030000017"],
    "AT+CIMI": ["262010000000001"],
    "AT+QCCID": ["+QCCID: 8949020000000000014"],
    "AT+CCID": ["+CCID: 8949020000000000014"],
    "AT+CPIN?": ["+CPIN: READY"],
    "AT+CRSM=176,12258,0,0,10": ['+CRSM: 144,0,"989420000000000010F4"'],
    "AT+CRSM=176,28589,0,0,4": ['+CRSM: 144,0,"00000002"'],
    "AT+CRSM=192,28423": ['+CRSM: 144,0,"620480020009"'],
    "AT+CRSM=176,28569": ["+CRSM: 106,130"],
    "AT+QPINC?": ['+QPINC: "SC",3,10', '+QPINC: "P2",3,10'],
    'AT+QPINC="SC"': ['+QPINC: "SC",3,10'],
    'AT+CLCK="SC",2': ["+CLCK: 0"],
    "AT+CFUN?": ["+CFUN: 1"],
    "AT+CREG?": ["+CREG: 0,1"],
    "AT+CGREG?": ["+CGREG: 0,1"],
    "AT+CEREG?": ["+CEREG: 0,1"],
    "AT+CREG=?": ["+CREG: (0-2)"],
    "AT+COPS?": ['+COPS: 0,0,"Lab Telekom",7'],
    "AT+QNWINFO": ['+QNWINFO: "FDD LTE","26201","LTE BAND 3",1300'],
    "AT+QSPN": ['+QSPN: "Lab Telekom","LabTel","",0,"26201"'],
    "AT+CGDCONT?": ['+CGDCONT: 1,"IP","internet","0.0.0.0",0,0,0,0'],
    "AT+CGPADDR": ['+CGPADDR: 1,"0.0.0.0"'],
    "AT+CGACT?": ["+CGACT: 1,0"],
    "AT+CGATT?": ["+CGATT: 1"],
    'AT+QCFG="usbnet"': ['+QCFG: "usbnet",0'],
    "AT+CMEE?": ["+CMEE: 1"],
    "AT+CLCC": [],
    "AT+CIREG?": ["+CIREG: 0,0"],
    "AT+QGDCNT?": ["+QGDCNT: 0,0"],
    "AT+QAUGDCNT?": ["+QAUGDCNT: 0"],
    "AT+CNUM": ['+CNUM: ,"+491510000001",145'],
    "AT+CUSD?": ["+CUSD: 0"],
    "AT+CPMS?": ['+CPMS: "ME",0,255,"ME",0,255,"ME",0,255'],
    'AT+QCFG="usbcfg"': ['+QCFG: "usbcfg",0x2C7C,0x0125,1,1,1,1,1,0,0'],
    'AT+QCFG="BAND"': ['+QCFG: "band",0x93,0x80800c5,0x0'],
    'AT+QCFG="nwscanmode"': ['+QCFG: "nwscanmode",0'],
    'AT+QCFG="nwscanseq"': ['+QCFG: "nwscanseq",0403010205'],
    'AT+QCFG="ims"': ['+QCFG: "ims",0,0'],
    'AT+QCFG="roamservice"': ['+QCFG: "roamservice",255'],
    'AT+QCFG="servicedomain"': ['+QCFG: "servicedomain",2'],
    "AT+QINISTAT": ["+QINISTAT: 7"],
    "AT+CMGF?": ["+CMGF: 0"],
    "ATE0;+CSCS?": ['+CSCS: "GSM"'],
}
SHAPED = {
    "AT+CSQ": r"\+CSQ: \d{1,2},99",
    "AT+QCSQ": r'\+QCSQ: "LTE",-\d+,-\d+,\d+,-\d+',
    "AT+QTEMP": r"\+QTEMP: \d\d,\d\d,\d\d",
    "AT+QLTS": r'\+QLTS: "\d{4}/\d\d/\d\d,\d\d:\d\d:\d\d\+00,0"',
    "AT+CESQ": r"\+CESQ: 99,99,255,255,\d+,\d+",
    "AT+CCLK?": r'\+CCLK: "\d\d/\d\d/\d\d,\d\d:\d\d:\d\d\+00"',
    'AT+QENG="servingcell"': r'\+QENG: "servingcell","NOCONN","LTE","FDD",262,01,1A2D002,301,'
    r"1300,3,5,5,1234,-\d+,-\d+,-\d+,\d+,\d+",
}


@pytest.mark.parametrize("command", QUIET)
def test_accepted_without_words(at, command: str) -> None:
    assert at.lines(command) == ["OK"]


@pytest.mark.parametrize("command", FIXED)
def test_fixed_answers(at, command: str) -> None:
    assert at.lines(command) == [*FIXED[command], "OK"]


@pytest.mark.parametrize("command", SHAPED)
def test_answers_with_a_shape(at, command: str) -> None:
    answer, result = at.lines(command)
    assert re.fullmatch(SHAPED[command], answer)
    assert result == "OK"


@pytest.mark.parametrize(
    "command",
    ["AT+NOSUCH", "AT+CGSN=1", "ATJ9", "hello", "AT+QGPS=?", "AT+CGMIX", "ATV0", "AT+CSQ?"],
)
def test_what_the_modem_does_not_know(at, command: str) -> None:
    assert at.lines(command) == ["ERROR"]


@pytest.mark.parametrize(
    "command",
    [
        "AT+CREG=3",
        "AT+CRSM=176",
        "AT+CRSM=x,1",
        "AT+CMEE=x",
        "AT+CFUN=7",
        'AT+QCFG="usbnet",9',
        'AT+QCFG="no"',
        "AT+CGDCONT=99",
    ],
)
def test_bad_parameters(at, command: str) -> None:
    assert at.lines(command) == ["+CME ERROR: 50"]


@pytest.mark.parametrize(
    ("mode", "result"),
    [(0, "ERROR"), (1, "+CME ERROR: 10"), (2, "+CME ERROR: SIM not inserted")],
)
def test_error_format(at, modem: Modem, mode: int, result: str) -> None:
    modem.faults.set("sim", "missing")
    at.send(f"AT+CMEE={mode}")
    assert at.lines("AT+CIMI") == [result]


def test_an_error_ends_the_line_without_the_answers_before_it(at) -> None:
    assert at.lines("AT+CGMI;+NOSUCH;+CGMM") == ["ERROR"]


@pytest.mark.parametrize(("sim", "pin", "imsi"), [
    ("missing", "+CME ERROR: 10", "+CME ERROR: 10"),
    ("pin", "+CPIN: SIM PIN", "+CME ERROR: 11"),
    ("puk", "+CPIN: SIM PUK", "+CME ERROR: 12"),
])  # fmt: skip
def test_sim_states(at, modem: Modem, sim: str, pin: str, imsi: str) -> None:
    modem.faults.set("sim", sim)
    assert at.lines("AT+CPIN?")[0] == pin
    assert at.lines("AT+CIMI") == [imsi]


def test_a_locked_card_still_shows_its_iccid(at, modem: Modem) -> None:
    modem.faults.set("sim", "pin")
    assert at.lines("AT+QCCID")[0] == f"+QCCID: {modem.iccid}"


def test_pin_by_at(at, modem: Modem) -> None:
    modem.faults.set("sim", "pin")
    assert at.lines('AT+CPIN="0000"') == ["+CME ERROR: 16"]
    assert at.lines("AT+QPINC?")[0] == '+QPINC: "SC",2,10'
    assert at.lines('AT+CPIN="1234"') == ["OK"]
    assert at.lines("AT+CPIN?") == ["+CPIN: READY", "OK"]
    assert at.lines('AT+CPIN="1234"') == ["+CME ERROR: 3"]


def test_a_card_without_power_or_away_has_failed(at, modem: Modem) -> None:
    at.send("AT+CFUN=0")
    assert at.lines("AT+CPIN?") == ["+CME ERROR: 13"]
    modem.faults.set("sim", "missing")
    assert at.lines("AT+QCCID") == ["+CME ERROR: 13"]


def test_puk_by_at(at, modem: Modem) -> None:
    modem.faults.set("sim", "puk")
    assert at.lines('AT+CPIN="1234"') == ["+CME ERROR: 12"]
    assert at.lines('AT+CPIN="12345678","4321"') == ["OK"]
    assert modem.sim.pin == "4321"


def test_pin_request_is_switched_on_and_off(at, modem: Modem) -> None:
    assert at.lines('AT+CLCK="SC",1,"1234"') == ["OK"]
    assert at.lines('AT+CLCK="SC",2') == ["+CLCK: 1", "OK"]
    assert at.lines('AT+CLCK="SC",0,"9999"') == ["+CME ERROR: 16"]
    assert modem.sim.pin_enabled


def test_registration_with_cell(at) -> None:
    at.send("AT+CEREG=2")
    assert at.lines("AT+CEREG?")[0] == '+CEREG: 2,1,"1234","1A2D002",7'


def test_airplane_mode(at, clock: ManualClock) -> None:
    at.send("AT+CFUN=4")
    assert at.lines("AT+CREG?")[0] == "+CREG: 0,0"
    assert at.lines("AT+CSQ")[0] == "+CSQ: 99,99"
    at.send("AT+CFUN=1")
    assert at.lines("AT+CREG?")[0] == "+CREG: 0,2"
    clock.advance(2)
    assert at.lines("AT+CREG?")[0] == "+CREG: 0,1"


@pytest.mark.parametrize(
    ("network", "stat", "cell"),
    [("none", 2, '+QENG: "servingcell","SEARCH"'), ("denied", 3, '+QENG: "servingcell","LIMSRV"')],
)
def test_no_service(at, modem: Modem, network: str, stat: int, cell: str) -> None:
    modem.faults.set("network", network)
    assert at.lines("AT+CREG?")[0] == f"+CREG: 0,{stat}"
    assert at.lines("AT+COPS?")[0] == "+COPS: 0"
    assert at.lines("AT+QCSQ")[0] == '+QCSQ: "NOSERVICE"'
    assert at.lines("AT+QNWINFO")[0] == "+QNWINFO: No Service"
    assert at.lines('AT+QENG="servingcell"')[0].startswith(cell)
    assert at.lines("AT+CGATT?")[0] == "+CGATT: 0"


def test_operator_formats(at) -> None:
    at.send("AT+COPS=3,2")
    assert at.lines("AT+COPS?")[0] == '+COPS: 0,2,"26201",7'


def test_context_one_mirrors_the_bearer(at, modem: Modem) -> None:
    modem.start_session(1, 4, "web")
    assert at.lines("AT+CGPADDR=1")[0] == '+CGPADDR: 1,"10.64.1.2"'
    assert at.lines("AT+CGACT?")[0] == "+CGACT: 1,1"
    assert '"web","10.64.1.2.255.255.255.252","10.64.1.1"' in at.lines("AT+CGCONTRDP")[0]
    at.send("AT+CGACT=0,1")
    assert not modem.connected


def test_ipv6_shows_in_the_context(make_modem: Callable[..., Modem]) -> None:
    modem = make_modem(ipv6=Wan6("2001:db8::2", "2001:db8::1"))
    answers: list[bytes] = []
    modem.on_at[3] = answers.append
    modem.at(3, b"AT+CGDCONT?\r")
    assert b'"IPV4V6"' in answers[0]


def test_usbnet_is_stored_and_shown_at_the_next_plug(at, modem: Modem) -> None:
    assert at.lines('AT+QCFG="usbnet",2') == ["OK"]
    modem.power_cycle()
    assert modem.composition == "mbim"
    at.take()
    assert at.lines('AT+QCFG="usbnet"')[0] == '+QCFG: "usbnet",2'


def test_reset_command_reboots_after_its_ok(at, modem: Modem, clock: ManualClock) -> None:
    reboots: list[bool] = []
    modem.on_reboot = lambda: reboots.append(True)
    assert at.lines("AT+CFUN=1,1") == ["OK"]
    assert reboots == []
    clock.advance(1)
    assert reboots == [True]


def test_power_down_leaves_the_bus(at, modem: Modem, clock: ManualClock) -> None:
    gone: list[bool] = []
    modem.on_vanish = lambda: gone.append(True)
    assert at.lines("AT+QPOWD=1") == ["OK", "POWERED DOWN"]
    clock.advance(1)
    assert gone == [True]
