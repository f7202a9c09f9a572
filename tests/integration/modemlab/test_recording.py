# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm lab record` at a terminal as if it were hardware, and the file played back."""

import fcntl
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial
from typer.testing import CliRunner

from modemlab.cli import app
from modemlab.faces.background import Background
from modemlab.modem.modem import Modem
from modemlab.modem.spec import ModemSpec
from modemlab.recording.anonymise import anonymise
from modemlab.recording.format import Exchange, Recording
from modemlab.recording.read_only import COMMANDS
from modemlab.recording.recorder import load
from modemlab.recording.serial_line import FINAL

SPEC = ModemSpec(23, registration_seconds=0)

CAP_S = 5.0


@pytest.fixture
def lab() -> Iterator[Background]:
    with Background() as lab:
        yield lab


@pytest.fixture
def port(lab: Background) -> tuple[Modem, str]:
    """A modem and the path of our AT port."""
    modem, face = lab.pty(SPEC)
    return modem, face.paths["at3"]


def record(path: str, *options: str) -> tuple[int, str]:
    """Exit code and what was said on either stream."""
    done = CliRunner().invoke(app, ["record", path, *options])
    return done.exit_code, done.output


def ask(port: serial.Serial, command: str) -> bytes:
    """One answer, final result included."""
    port.write(command.encode() + b"\r")
    answer = b""
    while not FINAL.search(answer):
        data = port.read(1)
        assert data, f"{command}: {answer!r} and no more"
        answer += data
    return answer


def asked(path: str, exchanges: list[Exchange]) -> list[bytes]:
    with serial.Serial(path, timeout=CAP_S) as terminal:
        return [ask(terminal, exchange.ask) for exchange in exchanges]


def test_what_was_recorded_is_played_back_byte_by_byte(
    lab: Background, port: tuple[Modem, str], tmp_path: Path
) -> None:
    modem, path = port
    file = tmp_path / "case.jsonl"
    assert record(path, "-o", str(file), "--no-anonymise")[0] == 0
    recording = load(file)
    assert [exchange.ask for exchange in recording.exchanges] == list(COMMANDS)
    assert all(exchange.gave_up_ms is None for exchange in recording.exchanges)
    assert recording.identity == {"imei": modem.imei, "iccid": modem.iccid, "imsi": modem.imsi}
    spec = ModemSpec(24, registration_seconds=0, recording=recording)
    other, face = lab.pty(spec)
    assert other.imei == modem.imei
    answers = asked(face.paths["at3"], recording.exchanges)
    assert answers == [exchange.data for exchange in recording.exchanges]


def test_the_default_hides_who_it_was(port: tuple[Modem, str], tmp_path: Path) -> None:
    modem, path = port
    file = tmp_path / "case.jsonl"
    assert record(path, "-o", str(file))[0] == 0
    text = file.read_text()
    for secret in (modem.imei, modem.imsi, modem.iccid, modem.msisdn):
        assert secret not in text
    assert load(file).anonymised
    assert set(load(file).identity) == {"imei", "iccid", "imsi"}


def test_the_recorder_changes_nothing_in_the_modem(port: tuple[Modem, str]) -> None:
    modem, path = port
    before = (modem.snapshot(), dict(modem.at_engine.ports[3].settings))
    assert record(path)[0] == 0
    after = (modem.snapshot(), dict(modem.at_engine.ports[3].settings))
    for snapshot, _ in (before, after):
        for moving in ("counters", "commands", "signal"):
            snapshot.pop(moving)  # type: ignore[attr-defined]
    assert before == after
    assert modem.sim.pin_attempts == 0
    sent = modem.at_engine.commands[3]
    assert all(not name.endswith("=") or name in ("+QENG=", "+QCFG=") for name in sent)


def test_what_comes_unasked_is_heard(
    lab: Background, port: tuple[Modem, str], tmp_path: Path
) -> None:
    modem, path = port
    lab.call(modem.faults.set, "urc_flood", 20)
    commands = tmp_path / "commands"
    commands.write_text("AT+CSQ  # one\n")
    code, said = record(path, "--commands", str(commands), "--seconds", "0.5")
    assert code == 0
    assert said.count('"heard": "\\r\\n+QIND: ') >= 5
    assert said.count('"ask"') == 1


def test_silence_is_recorded_as_such(
    lab: Background, port: tuple[Modem, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modemlab.recording.read_only.ANSWER_SECONDS", 0.2)
    modem, path = port
    lab.call(modem.faults.set, "silent", "3")
    commands = tmp_path / "commands"
    commands.write_text("AT\n")
    _, said = record(path, "--commands", str(commands))
    assert re.search(r'"ask": "AT", "answer": \[\], "gave_up_ms": 2\d\d', said)


def test_a_command_outside_the_list_is_not_sent(port: tuple[Modem, str], tmp_path: Path) -> None:
    modem, path = port
    commands = tmp_path / "commands"
    commands.write_text("AT\nAT+CFUN=0\n")
    code, said = record(path, "--commands", str(commands))
    assert code == 1
    assert "line 2: command is 'AT+CFUN=0'" in said
    assert modem.counters.at_commands == 0


def test_a_port_in_use_is_left_alone(port: tuple[Modem, str]) -> None:
    modem, path = port
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        code, said = record(path)
    finally:
        os.close(fd)
    assert (code, modem.counters.at_commands) == (1, 0)
    assert "is in use" in said


@pytest.mark.parametrize(("name", "words"), [("none", "No such file"), ("file", "no serial port")])
def test_no_port_at_all(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "file").write_text("")
    code, said = record(str(tmp_path / name))
    assert code == 1
    assert words in said


def test_an_unplug_in_the_middle(lab: Background, port: tuple[Modem, str]) -> None:
    modem, path = port
    lab.call(modem.faults.set, "vanish", "at")
    code, said = record(path)
    assert code == 1
    assert "plugged in" in said or "is gone" in said


def test_a_file_that_cannot_be_written(port: tuple[Modem, str], tmp_path: Path) -> None:
    code, said = record(port[1], "-o", str(tmp_path / "no" / "file"))
    assert code == 1
    assert "No such file" in said


def test_the_port_is_free_and_open_afterwards(port: tuple[Modem, str]) -> None:
    _, path = port
    for _ in range(2):
        assert record(path)[0] == 0
    assert stat.S_ISCHR(Path(path).stat().st_mode)


def test_an_anonymised_recording_is_played_back_too(
    lab: Background, port: tuple[Modem, str], tmp_path: Path
) -> None:
    _, path = port
    file = tmp_path / "case.jsonl"
    record(path, "-o", str(file), "--no-anonymise")
    hidden: Recording = anonymise(load(file))
    _, face = lab.pty(ModemSpec(25, recording=hidden))
    answers = asked(face.paths["at2"], hidden.exchanges)
    assert answers == [exchange.data for exchange in hidden.exchanges]
