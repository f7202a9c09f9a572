# SPDX-License-Identifier: GPL-3.0-or-later
"""An ordinary serial program, pyserial, at the modem's terminals."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from modemlab.faces.background import Background
from modemlab.faces.pty import PtyFace
from modemlab.modem.errors import LabError
from modemlab.modem.modem import Modem
from modemlab.modem.spec import ModemSpec

SPEC = ModemSpec(17, registration_seconds=0, reboot_seconds=0.05)
CAP_S = 5.0
SILENCE_S = 0.3  # long enough for an answer in this process, short enough for a test


@pytest.fixture
def lab() -> Iterator[Background]:
    with Background() as lab:
        yield lab


@pytest.fixture
def plugged(lab: Background) -> tuple[Modem, PtyFace]:
    return lab.pty(SPEC)


def ask(path: str, command: str, timeout: float = CAP_S) -> bytes:
    """Open the port, send one command, read until the final result or the time is up."""
    with serial.Serial(path, 115200, timeout=timeout, exclusive=True) as port:
        port.write(command.encode() + b"\r")
        return port.read_until(b"OK\r\n")


@pytest.mark.parametrize("name", ["at2", "at3"])
def test_the_imei_is_read(plugged: tuple[Modem, PtyFace], name: str) -> None:
    modem, face = plugged
    answer = ask(face.paths[name], "AT+CGSN")
    assert answer == f"AT+CGSN\r\r\n{modem.imei}\r\n\r\nOK\r\n".encode()


def test_the_port_outlives_its_programs(plugged: tuple[Modem, PtyFace]) -> None:
    _, face = plugged
    for _ in range(3):
        assert ask(face.paths["at3"], "AT").endswith(b"OK\r\n")


def test_a_fault_while_it_runs(lab: Background, plugged: tuple[Modem, PtyFace]) -> None:
    modem, face = plugged
    lab.call(modem.faults.set, "silent", "all")
    assert ask(face.paths["at3"], "AT", SILENCE_S) == b""
    lab.call(modem.faults.set, "silent", "off")
    assert ask(face.paths["at3"], "AT").endswith(b"OK\r\n")


def test_slow_answers_take_their_time(lab: Background, plugged: tuple[Modem, PtyFace]) -> None:
    modem, face = plugged
    lab.call(modem.faults.set, "slow", 0.2)
    start = time.monotonic()
    assert ask(face.paths["at3"], "AT").endswith(b"OK\r\n")
    assert time.monotonic() - start >= 0.2


def test_a_flood_nobody_reads_is_bounded(lab: Background, plugged: tuple[Modem, PtyFace]) -> None:
    modem, face = plugged
    for _ in range(20):
        lab.call(modem.on_at[3], b"x" * 10_000)
    lab.call(modem.faults.set, "urc_flood", 100)
    with serial.Serial(face.paths["at3"], timeout=CAP_S) as port:
        port.write(b"AT\r")
        assert port.read_until(b"OK\r\n").endswith(b"OK\r\n")


def test_vanishing_hangs_up(lab: Background, plugged: tuple[Modem, PtyFace]) -> None:
    modem, face = plugged
    with serial.Serial(face.paths["at3"], timeout=CAP_S) as port:
        lab.call(modem.faults.set, "vanish", "at")
        port.write(b"AT+CGSN\r")
        with pytest.raises(serial.SerialException):
            port.read(10_000)
    assert (modem.plugged, face.paths) == (False, {})


def test_links_lead_to_the_terminals_again_after_a_reboot(lab: Background, tmp_path: Path) -> None:
    modem, face = lab.pty(SPEC, tmp_path / "modem17")
    path = Path(face.paths["at3"])
    before = path.resolve()
    assert ask(str(path), "AT+CFUN=1,1").endswith(b"OK\r\n")
    deadline = time.monotonic() + CAP_S
    while modem.counters.power_cycles == 0:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert path.exists()
    assert before.exists() is (before == path.resolve())
    assert b"867584030000173" in ask(str(path), "AT+CGSN")
    lab.call(face.close)
    assert not path.is_symlink()


def test_ports_that_usbcfg_took_away_never_come_back(lab: Background) -> None:
    modem, face = lab.pty(SPEC)
    assert ask(face.paths["at3"], 'AT+QCFG="usbcfg",0x2C7C,0x0125,0,0,0,0,0,0,0').endswith(
        b"OK\r\n"
    )
    assert ask(face.paths["at3"], "AT+CFUN=1,1").endswith(b"OK\r\n")
    deadline = time.monotonic() + CAP_S
    while modem.counters.power_cycles == 0:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert list(face.paths) == ["qmi"]
    assert modem.counters.destructive == 1


def test_every_byte_that_is_written_is_logged(lab: Background) -> None:
    log: list[tuple[str, bytes]] = []
    _, face = lab.pty(SPEC, log=lambda name, data: log.append((name, data)))
    with serial.Serial(face.paths["at3"], timeout=CAP_S) as port:
        port.write(b"\x1b\x00AT+CGMI;\n\r")
        assert port.read_until(b"\r\nOK\r\n").endswith(b"OK\r\n")
    ask(face.paths["at2"], "AT")
    assert b"".join(data for name, data in log if name == "at3") == b"\x1b\x00AT+CGMI;\n\r"
    assert b"".join(data for name, data in log if name == "at2") == b"AT\r"


def test_a_modem_has_one_face(lab: Background, plugged: tuple[Modem, PtyFace]) -> None:
    modem, _ = plugged
    with pytest.raises(LabError, match="modem 17 is plugged in already"):
        lab.call(PtyFace(modem).open)
