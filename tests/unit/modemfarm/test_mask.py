# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing secret stays in a record, and what operators need does."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemfarm.mask import hidden, masked, without_secrets
from modemfarm.record import CHANNELS, OUTCOMES, Record

PIN = "4711"
NEW_PIN = "90210"
PUK = "13572468"
BODY = "meet me at the old mill"
PDU = "0791947106004013040B919471325476F80000428041516243800CCD303D0C9ABFF26D"


def record(command: str, answer: str = "", channel: str = "at", outcome: str = "ok") -> Record:
    return Record(channel, command, answer, outcome, 1.5, 1e9)


@pytest.mark.parametrize(
    "command",
    [
        f'AT+CPIN="{PIN}"', f"AT+CPIN={PIN}", f'AT+CPIN="{PUK}","{NEW_PIN}"', f"at+cpin={PIN}",
        f'AT + C P I N = "{PIN}"', f'AT+CLCK="SC",1,"{PIN}"', f'AT+CPWD="SC","{PIN}","{NEW_PIN}"',
        f"AT+CSQ;+CPIN={PIN}", f'AT+CLCK="SC",2;+CPIN={PIN}', f'AT+CLCK="SC",1,"12;{PIN}"',
        f"AT+CSIM=26,0020000108{PIN}", f'AT+CGAUTH=1,2,"user","{PIN}"',
        f'AT+QICSGP=1,1,"internet","user","{PIN}",1', f"ATD**04*{PIN}*{NEW_PIN}*{NEW_PIN}#",
        f'AT+CUSD=1,"**05*{PUK}*{NEW_PIN}*{NEW_PIN}#",15', f"'AT+CPIN={PIN}\\r\\n'",
        "AT+CPIN=" + PIN.translate({n: n + 0xFEE0 for n in range(0x30, 0x3A)}),
        f"AT+CP\u200bIN={PIN}", f"AT+\uff23\uff30\uff29\uff2e={PIN}", f"AT$QCPDPP=1,1,{PIN},user",
    ],
)  # fmt: skip
def test_no_pin_of_an_at_command_stays(command: str) -> None:
    outcome = "error" if command.isascii() else "refused"
    kept = without_secrets(record(command, f"{command} failed: +CME ERROR: 16", outcome=outcome))
    for secret in (PIN, NEW_PIN, PUK):
        assert secret not in unicodedata.normalize("NFKC", kept.command + kept.answer)


@pytest.mark.parametrize(
    "command",
    [
        f"qmicli -d /dev/cdc-wdm0 --uim-verify-pin=PIN1,{PIN}", f"--dms-uim-verify-pin=PIN,{PIN}",
        f"--uim-change-pin=PIN1,{PIN},{NEW_PIN}", f"--uim-unblock-pin=PIN1,{PUK},{NEW_PIN}",
        f"--uim-set-pin-protection=PIN1,disable,{PIN}", f"--dms-set-user-lock-code={PIN},{NEW_PIN}",
        f"uim-verify-pin=PIN1,{PIN}", f"dms-set-user-lock-code={PIN},{NEW_PIN}",
        f"--dms-uim-unblock-ck=pn,{PUK}", f"--wds-start-network=apn=a,username=b,password={PIN}",
    ],
)  # fmt: skip
def test_no_pin_of_a_qmi_command_stays(command: str) -> None:
    kept = without_secrets(record(command, f"Password: '{PIN}'", "qmi"))
    for secret in (PIN, NEW_PIN, PUK):
        assert secret not in kept.command + kept.answer
    assert kept.command.split("=")[0] == command.split("=")[0]


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("AT+CMGL=4", f"+CMGL: 1,1,,25\n{PDU}\n+CMGL: 2,1,,9\n{PDU}"),
        ('AT+CMGL="ALL"', f'+CMGL: 1,"REC READ","+4917",,"24/08/14"\n{BODY}\n\n{BODY} again'),
        ("AT+CMGR=3", f'+CMGR: "REC READ","+4917",,"24/08/14,15:16:17+08"\n+CMGR: 1 {BODY}'),
        ("at + cmgr = 3", BODY),
        ("AT+CSQ", f'+CSQ: 20,99\n+CMT: "+4917",,"24/08/14"\n{BODY}\n{BODY}'),
        ("AT+CRSM=178,28476,1,4,176", f'+CRSM: 144,0,"{PDU}"'),
        ("AT+CSQ", f"answered AT+CMGR=1 with '{PDU}'"),
        (f"AT+CMGW=27\r{BODY}\x1a", "+CMGW: 3"),
    ],
)
def test_no_text_of_a_message_stays(command: str, answer: str) -> None:
    kept = without_secrets(record(command, answer))
    for secret in (BODY, PDU, "old mill"):
        assert secret not in kept.command + kept.answer


@pytest.mark.parametrize("outcome", ["timeout", "gone", "cancelled", "error"])
def test_no_text_of_a_listing_that_broke_off_stays(outcome: str) -> None:
    kept = without_secrets(record("AT+CMGL=4", f"{BODY}\n+CMS ERROR: 500", outcome=outcome))
    assert kept.answer == "<23 characters>\n+CMS ERROR: 500"


def test_headers_and_lengths_of_messages_stay() -> None:
    kept = without_secrets(record("AT+CMGR=1", f"+CMGR: 1,,27\n{PDU}"))
    assert kept.answer == f"+CMGR: 1,,27\n<{len(PDU)} characters>"


def test_a_body_in_the_words_of_the_sms_channel_is_hidden() -> None:
    kept = without_secrets(record(f"send to +4917 text={BODY}", f"read 1: text: {BODY}", "sms"))
    assert kept.command == "send to +4917 text=<23 characters>"
    assert BODY not in kept.answer


@pytest.mark.parametrize(
    ("command", "answer", "channel"),
    [
        ("AT+CPIN?", "+CPIN: SIM PIN", "at"), ("AT+CPIN=?", "", "at"),
        ('AT+CLCK="SC",2', "+CLCK: 1", "at"), ('AT+QPINC="SC"', '+QPINC: "SC",3,10', "at"),
        ("AT+CIMI", "262011234567890", "at"), ("AT+QCCID", "+QCCID: 89490000000000000017", "at"),
        ("AT+CPWD=?", '+CPWD: ("SC",8)', "at"), ("*100#", "Balance: 12.34 EUR", "ussd"),
        ('AT+CUSD=1,"*100#",15', f'+CUSD: 0,"{"0042" * 20}",72', "at"),
        ("AT+CGSN", "AT+CGSN failed: +CME ERROR: 100", "at"),
        ("AT+CMGR=1", "+CMS ERROR: invalid memory index (321)", "at"),
        ("--dms-uim-get-pin-status", "PIN1:\n Status: enabled-verified", "qmi"),
    ],
)  # fmt: skip
def test_what_operators_need_stays(command: str, answer: str, channel: str) -> None:
    outcome = "error" if "ERROR" in answer else "ok"
    said = record(command, answer, channel, outcome)
    assert without_secrets(said) is said


def test_an_observer_gets_records_without_their_secrets() -> None:
    seen: list[Record] = []
    masked(seen.append)(record(f"AT+CPIN={PIN}"))
    assert [kept.command for kept in seen] == ["AT+CPIN=****"]
    assert hidden("x" * 12) == "<12 characters>"


@given(
    st.builds(
        Record,
        st.sampled_from(CHANNELS),
        st.text(max_size=80) | st.from_regex(r"AT\+C(PIN|LCK|PWD|MGS|MGL)=.{0,40}"),
        st.text(max_size=80) | st.from_regex(r"\+CMG[LR]: .{0,60}\n.{0,60}"),
        st.sampled_from(OUTCOMES),
        st.just(1.0),
        st.just(1e9),
    )
)
def test_masking_twice_is_masking_once(said: Record) -> None:
    once = without_secrets(said)
    assert without_secrets(once) == once
