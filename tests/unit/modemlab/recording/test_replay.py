# SPDX-License-Identifier: GPL-3.0-or-later
"""A field case on a virtual modem, on a clock moved by hand."""

from collections.abc import Callable
from pathlib import Path

import pytest

from modemlab.modem.clock import ManualClock
from modemlab.modem.modem import Modem
from modemlab.modem.spec import ModemSpec
from modemlab.recording.recorder import load

FIELD = Path(__file__).parent / "field" / "urc_between_echo_and_answer.jsonl"
Say = Callable[[str, float], bytes]


@pytest.fixture
def replaying(make_modem: Callable[..., Modem]) -> Modem:
    return make_modem(recording=load(FIELD))


@pytest.fixture
def say(replaying: Modem, clock: ManualClock) -> Say:
    """Send a line to port 3 and give what comes within so many seconds."""
    received: list[bytes] = []
    replaying.on_at[3] = received.append

    def ask(line: str, seconds: float) -> bytes:
        received.clear()
        replaying.at(3, line.encode() + b"\r")
        clock.advance(seconds)
        return b"".join(received)

    return ask


def test_a_urc_between_echo_and_answer(say: Say) -> None:
    assert say("AT+CGSN", 0.02) == (
        b"\r\n+QIND: SMS DONE\r\nAT+CGSN\r"
        b'\r\n+QIND: "csq",11,99\r\n\r\n867584039900018\r\n\r\nOK\r\n'
    )


def test_the_time_between_is_kept(say: Say) -> None:
    assert say("AT+CGSN", 0.002).endswith(b"AT+CGSN\r")
    assert say("AT", 0.02).endswith(b"\r\n867584039900018\r\n\r\nOK\r\nAT\r\r\nOK\r\n")


def test_what_was_heard_comes_once_behind_its_answer(say: Say) -> None:
    say("AT+CGSN", 0.02)
    assert say("AT+QCCID", 0.04).endswith(b"\r\n+CREG: 2\r\n")
    assert say("AT+CGMI", 1) == b"AT+CGMI\r\r\nQuectel\r\n\r\nOK\r\n\r\n+CREG: 1\r\n"
    assert b"CREG" not in say("AT+CGSN", 2)


def test_the_nth_question_has_the_nth_answer_and_the_last_repeats(say: Say) -> None:
    assert b'"NOSERVICE"' in say("AT+QCSQ", 1)
    assert b"-93,187" in say("at+qcsq", 1)
    assert b"-93,187" in say("AT+QCSQ", 1)


def test_an_answer_without_an_end(say: Say) -> None:
    assert say("AT+QTEMP", 60).endswith(b"AT+QTEMP\r")
    assert say("AT", 1) == b"AT\r\r\nOK\r\n"


def test_other_commands_are_the_models(say: Say) -> None:
    assert b"+CPIN: READY" in say("AT+CPIN?", 1)


def test_a_reboot_begins_the_recording_anew(say: Say, replaying: Modem) -> None:
    say("AT+QCSQ", 1)
    replaying.power_cycle()
    assert b'"NOSERVICE"' in say("AT+QCSQ", 1)


def test_the_silent_fault_is_stronger(say: Say, replaying: Modem) -> None:
    replaying.faults.set("silent", "all")
    assert say("AT+QCSQ", 1) == b""


def test_identities_are_the_recorded_ones_unless_told() -> None:
    recording = load(FIELD)
    spec = ModemSpec(7, recording=recording, imsi="262010000000099")
    assert (spec.imei, spec.iccid) == ("867584039900018", "8949020000000000022")
    assert spec.imsi == "262010000000099"


def test_the_time_scale(make_modem: Callable[..., Modem], clock: ManualClock) -> None:
    modem = make_modem(recording=load(FIELD), replay_scale=0)
    received: list[bytes] = []
    modem.on_at[2] = received.append
    modem.at(2, b"AT+CGSN\r")
    clock.advance(0)
    assert b"".join(received).endswith(b"OK\r\n\r\n+CREG: 2\r\n\r\n+CREG: 1\r\n")
    with pytest.raises(ValueError, match="replay_scale is -1: 0 to 100 is allowed"):
        ModemSpec(1, replay_scale=-1)
