# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.session on a pty: whole commands, and all that can go wrong with one."""

import contextlib
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from modemfarm.at.permit import Permit
from modemfarm.at.serial_port import SerialPort
from modemfarm.at.session import AtSession
from modemfarm.errors import (
    CommandCancelledError,
    CommandFailedError,
    CommandRefusedError,
    CommandTimeoutError,
    PortGoneError,
    SimMissingError,
)
from modemfarm.record import Record
from modemfarm.waker import Waker

from .scripted import ScriptedModem

SOON_S = 1.0  # "at once" for a person, on a busy machine


def after(seconds: float, call: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.start()


def records_of(modem: ScriptedModem, tmp_path: Path, *permits: Permit) -> list[Record]:
    seen: list[Record] = []
    with AtSession(modem.device, observer=seen.append, lock_dir=tmp_path) as session:
        for permit in permits:
            try:
                session.send(permit)
            except CommandFailedError:
                continue
    return seen


def test_sync_reads_before_it_sets(modem: ScriptedModem, session: AtSession) -> None:
    session.sync()
    modem.answers["AT+CMEE?"] = "+CMEE: 1|OK"
    session.sync()
    assert modem.seen == ["AT", "AT+CMEE?", "AT", "AT+CMEE?", "AT+CMEE=2"]


def test_sync_falls_back_to_numbers(modem: ScriptedModem, session: AtSession) -> None:
    modem.answers |= {"AT+CMEE?": "+CMEE: 0|OK", "AT+CMEE=2": "ERROR", "AT+CMEE=1": "OK"}
    session.sync()
    assert modem.seen[-2:] == ["AT+CMEE=2", "AT+CMEE=1"]


def test_sync_gives_a_sleepy_modem_three_tries(
    modem: ScriptedModem, session: AtSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modemfarm.at.session.SYNC_TIMEOUT_S", 0.1)
    modem.answers["AT"] = None
    with pytest.raises(CommandTimeoutError, match="did not answer AT within"):
        session.sync()
    assert modem.seen == ["AT"] * 3


def test_sync_is_not_misled_by_what_another_program_left(
    modem: ScriptedModem, session: AtSession
) -> None:
    after(0.05, lambda: modem.say(b"\r\n+COPS: (1)\r\n\r\nOK\r\n"))
    modem.answers["AT"] = (0.15, "OK")
    session.sync()
    assert session.command("AT+CGSN").lines == ("867584030000017",)


def test_garbage_before_and_a_urc_within(modem: ScriptedModem, tmp_path: Path) -> None:
    seen: list[str] = []
    modem.noise = b"\xff\x01\x02\r\n+QIND: x\r\n"
    with AtSession(modem.device, on_urc=seen.append, lock_dir=tmp_path) as session:
        assert session.command("AT+CSQ").lines == ("+CSQ: 20,99",)
    assert seen == ["+QIND: x"]


def test_what_came_before_a_command_is_not_its_answer(modem: ScriptedModem, tmp_path: Path) -> None:
    seen: list[str] = []
    with AtSession(modem.device, on_urc=seen.append, lock_dir=tmp_path) as session:
        modem.say(b"\r\n867584039999999\r\n\r\nOK\r\n")
        assert session.command("AT+CGSN").lines == ("867584030000017",)
        modem.say(b'\r\n+CMTI: "ME",1\r\n')
        session.pump()
    assert seen == ["867584039999999", "OK", '+CMTI: "ME",1']


def test_errors_say_command_and_reason(modem: ScriptedModem, session: AtSession) -> None:
    modem.answers["AT+CIMI"] = "+CME ERROR: SIM not inserted"
    with pytest.raises(SimMissingError, match=r"AT\+CIMI failed on .*: SIM not inserted") as caught:
        session.command("AT+CIMI")
    assert (caught.value.code, caught.value.command) == (10, "AT+CIMI")


def test_silence_ends_in_time(modem: ScriptedModem, session: AtSession) -> None:
    modem.answers["AT+CSQ"] = None
    started = time.monotonic()
    with pytest.raises(CommandTimeoutError, match=r"AT\+CSQ within 0.3 s") as caught:
        session.command("AT+CSQ", timeout=0.3)
    assert 0.3 <= time.monotonic() - started < 0.3 + SOON_S
    assert caught.value.command == "AT+CSQ"


@contextlib.contextmanager
def flood(modem: ScriptedModem, session: AtSession) -> Iterator[None]:
    """Unsolicited lines as fast as the port takes them."""
    stop = threading.Event()

    def pour() -> None:
        while not stop.is_set():
            modem.say(b'\r\n+QIND: "csq",20,99\r\n\r\n+CREG: 1\r\n' * 10)

    thread = threading.Thread(target=pour)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        while thread.is_alive():
            session.pump(0.01)
        thread.join()


def test_a_flood_does_not_keep_a_deadline_from_passing(
    modem: ScriptedModem, session: AtSession
) -> None:
    modem.answers["AT+CSQ"] = None
    with flood(modem, session):
        started = time.monotonic()
        with pytest.raises(CommandTimeoutError):
            session.command("AT+CSQ", timeout=0.3)
        assert time.monotonic() - started < 0.3 + SOON_S


def test_no_answer_is_lost_in_a_flood(modem: ScriptedModem, tmp_path: Path) -> None:
    modem.answers["AT+CREG?"] = "+CREG: 0,5|OK"
    tally: Counter[str] = Counter()
    with (
        AtSession(modem.device, on_urc=lambda line: tally.update([line]), lock_dir=tmp_path) as at,
        flood(modem, at),
    ):
        for _ in range(100):
            assert at.command("AT+CGSN").lines == ("867584030000017",)
            assert at.command("AT+CREG?").lines == ("+CREG: 0,5",)
    assert set(tally) == {'+QIND: "csq",20,99', "+CREG: 1"}


def test_a_late_answer_is_never_the_next_commands(modem: ScriptedModem, tmp_path: Path) -> None:
    seen: list[str] = []
    modem.answers["AT+COPS=?"] = (0.4, '+COPS: (1,"Lab","Lab","26201",7)|OK')
    with AtSession(modem.device, on_urc=seen.append, lock_dir=tmp_path) as session:
        with pytest.raises(CommandTimeoutError):
            session.command("AT+COPS=?", timeout=0.1)
        assert session.command("AT+CGSN").lines == ("867584030000017",)
        assert session.command("AT+CSQ").lines == ("+CSQ: 20,99",)
    assert modem.seen == ["AT+COPS=?", "AT+CMEE?", "AT+CGSN", "AT+CSQ"]
    assert seen == []  # the late lines were nobody's news


@pytest.mark.parametrize("echo", [False, True])
def test_late_answers_of_probes_are_told_apart_as_well(
    modem: ScriptedModem, session: AtSession, monkeypatch: pytest.MonkeyPatch, echo: bool
) -> None:
    monkeypatch.setattr("modemfarm.at.conversation.PROBE_TIMEOUT_S", 0.6)
    modem.echo = echo
    modem.answers["AT+CGSN"] = (1.8, "867584039999999|OK")  # within the third probe's time
    with pytest.raises(CommandTimeoutError):
        session.command("AT+CGSN", timeout=0.3)
    modem.answers["AT+CGSN"] = "867584030000017|OK"
    assert session.command("AT+CGSN").lines == ("867584030000017",)
    assert modem.seen == ["AT+CGSN", "AT+CMEE?", "AT+CSCS?", "AT+CMGF?", "AT+CGSN"]


def test_a_modem_that_does_not_finish_is_said_to_be_busy(
    modem: ScriptedModem, session: AtSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modemfarm.at.conversation.PROBE_TIMEOUT_S", 0.1)
    for text in ("AT+COPS=?", "AT+CMEE?", "AT+CSCS?", "AT+CMGF?"):
        modem.answers[text] = None
    with pytest.raises(CommandTimeoutError):
        session.command("AT+COPS=?", timeout=0.1)
    with pytest.raises(CommandTimeoutError, match=r"not finished AT\+COPS=\?") as caught:
        session.command("AT+CSQ")
    assert caught.value.command == "AT+CSQ"
    assert "AT+CSQ" not in modem.seen


def test_cancelling_is_prompt_and_the_session_goes_on(
    modem: ScriptedModem, session: AtSession
) -> None:
    modem.answers["AT+COPS=?"] = (0.3, "+COPS: (1)|OK")
    after(0.1, session.cancel)
    started = time.monotonic()
    with pytest.raises(CommandCancelledError) as caught:
        session.command("AT+COPS=?", timeout=180)
    assert time.monotonic() - started < 0.1 + SOON_S
    assert caught.value.command == "AT+COPS=?"
    assert session.command("AT+CGSN").lines == ("867584030000017",)


def test_cancelling_nothing_has_no_effect_later(session: AtSession) -> None:
    session.cancel()
    assert session.command("AT+CSQ").lines == ("+CSQ: 20,99",)


def test_unplug_in_mid_command_frees_the_port_at_once(
    modem: ScriptedModem, session: AtSession, tmp_path: Path
) -> None:
    modem.answers["AT+CSQ"] = None
    after(0.2, modem.unplug)
    started = time.monotonic()
    with pytest.raises(PortGoneError, match="vanished") as caught:
        session.command("AT+CSQ", timeout=10)
    assert time.monotonic() - started < 0.2 + SOON_S
    assert list(tmp_path.iterdir()) == []  # though nobody has closed the session
    assert caught.value.command == "AT+CSQ"
    with pytest.raises(PortGoneError, match="not open"):
        session.command("AT")


def test_a_port_that_takes_no_bytes() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    waker = Waker()
    port = SerialPort("/dev/ttyUSB3", SimpleNamespace(fileno=lambda: writing), waker)
    started = time.monotonic()
    with pytest.raises(CommandTimeoutError, match="ttyUSB3 took no bytes"):
        port.write(b"x" * 1_000_000, 0.2)
    assert 0.2 <= time.monotonic() - started < 0.2 + SOON_S
    waker.wake()
    with pytest.raises(CommandCancelledError):
        port.write(b"x", 5)
    waker.close()
    os.close(reading)
    with pytest.raises(PortGoneError):
        port.write(b"x", 5)
    os.close(writing)


@pytest.mark.parametrize(
    "text",
    ["AT+CPIN=1234", "at+cpin = 1234", "AT+CSQ;+CPIN=1", "ATI\rATZ", "ATI\n", "AT\x1a", "+++",
     "", "ATÄ", "AT" + "x" * 600],
)  # fmt: skip
def test_what_is_never_sent(modem: ScriptedModem, session: AtSession, text: str) -> None:
    with pytest.raises(CommandRefusedError):
        session.command(text)
    assert session.command("AT").lines == ()
    assert modem.got == b"AT\r"


def test_a_text_goes_out_after_the_prompt(modem: ScriptedModem, session: AtSession) -> None:
    modem.answers |= {"AT+CMGS=18": ">", "text": "+CMGS: 4|OK"}
    reply = session.send_text(Permit("AT+CMGS=18", "AT+CMGS=18", 5), "0011000B91")
    assert reply.lines == ("+CMGS: 4",)
    assert modem.texts == [b"0011000B91\x1a"]


def test_a_text_is_not_sent_without_a_prompt(modem: ScriptedModem, session: AtSession) -> None:
    modem.answers["AT+CMGS=18"] = "+CMS ERROR: 310"
    with pytest.raises(SimMissingError):
        session.send_text(Permit("AT+CMGS=18", "AT+CMGS=18", 5), "0011000B91")
    assert modem.got == b"AT+CMGS=18\r"


def test_a_prompt_is_left_when_the_text_fails(modem: ScriptedModem, session: AtSession) -> None:
    modem.answers |= {"AT+CMGS=18": ">", "text": None}
    with pytest.raises(CommandTimeoutError):
        session.send_text(Permit("AT+CMGS=18", "AT+CMGS=18", 0.2), "0011000B91")
    assert session.command("AT+CSQ").lines == ("+CSQ: 20,99",)
    assert modem.got.startswith(b"AT+CMGS=18\r0011000B91\x1a\x1b")


@pytest.mark.parametrize("text", ["", "a\rb", "a\nb", "a\x1ab", "a\x1bb", "Ä", "x" * 641])
def test_texts_that_would_end_early(modem: ScriptedModem, session: AtSession, text: str) -> None:
    with pytest.raises(CommandRefusedError):
        session.send_text(Permit("AT+CMGS=18", "AT+CMGS=18", 5), text)
    assert modem.got == b""


def test_every_command_is_a_record(modem: ScriptedModem, tmp_path: Path) -> None:
    modem.answers["AT+CIMI"] = "junk|+CME ERROR: 10"
    sent = [Permit(text, text, 1.0) for text in ("AT+CSQ", "AT+CIMI")]
    first, second = records_of(modem, tmp_path, *sent)
    assert (first.channel, first.command, first.answer) == ("at", "AT+CSQ", "+CSQ: 20,99")
    assert (first.outcome, second.outcome) == ("ok", "error")
    assert (second.command, second.answer) == ("AT+CIMI", "junk\n+CME ERROR: 10")
    assert 0 < first.milliseconds < 1000
    assert abs(first.at - time.time()) < 60


def test_records_of_time_outs_probes_and_cancellations(
    modem: ScriptedModem, tmp_path: Path
) -> None:
    seen: list[Record] = []
    modem.answers["AT+CSQ"] = (0.2, "+CSQ: 1,1|OK")
    with AtSession(modem.device, observer=seen.append, lock_dir=tmp_path) as session:
        with pytest.raises(CommandTimeoutError):
            session.command("AT+CSQ", timeout=0.1)
        session.command("AT+CGSN")
        after(0.1, session.cancel)
        with pytest.raises(CommandCancelledError):
            session.command("AT+CSQ", timeout=5)
    commands = [(record.command, record.outcome) for record in seen]
    assert commands == [("AT+CSQ", "timeout"), ("AT+CMEE?", "ok"), ("AT+CGSN", "ok"),
                        ("AT+CSQ", "cancelled")]  # fmt: skip


def test_what_is_masked_stays_masked(modem: ScriptedModem, tmp_path: Path) -> None:
    modem.answers["AT+X=1234"] = "=1234x|+CME ERROR: incorrect password"  # a broken echo
    (record,) = records_of(modem, tmp_path, Permit("AT+X=1234", "AT+X=****", 1.0))
    assert record.command == "AT+X=****"
    assert record.answer == "+CME ERROR: incorrect password"
    session = AtSession(modem.device, lock_dir=tmp_path)
    with session, pytest.raises(CommandFailedError) as caught:
        session.send(Permit("AT+X=1234", "AT+X=****", 1.0))
    assert "1234" not in f"{caught.value} {caught.value.fields()}"


def test_an_exception_in_the_callback_leaves_no_answer_behind(
    modem: ScriptedModem, tmp_path: Path
) -> None:
    def fail(_line: str) -> None:
        raise RuntimeError("callback")

    modem.noise = b"\r\n+QIND: x\r\n"
    with AtSession(modem.device, on_urc=fail, lock_dir=tmp_path) as session:
        with pytest.raises(RuntimeError, match="callback"):
            session.command("AT+CSQ")
        modem.noise = b""
        session._need_conversation()._on_urc = None
        assert session.command("AT+CGSN").lines == ("867584030000017",)


def test_closed_session() -> None:
    with pytest.raises(PortGoneError, match="not open"):
        AtSession("/dev/null").command("AT")
