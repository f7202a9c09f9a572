# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent identifies a modem whose SIM wants its PIN: a real session, a virtual modem."""

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from modemfarm.at.session import AtSession
from modemfarm.hold import Hold
from modemfarm.pin.ledger import Ledger
from modemfarm.spool import SpoolFiles
from modemfarm.usb import UsbModem, find_modem
from modemfarmd.agent import identify
from modemfarmd.agent.identify import Answer, ask
from modemfarmd.agent.sim_entry import SimEntry
from modemlab.faces.background import Background
from modemlab.modem.modem import Modem
from modemlab.modem.sim import SimState
from modemlab.modem.spec import ModemSpec

RIGHT, WRONG = "1234", "4711"


class Host:
    """A host of files with one modem, as the agent sees it."""

    def __init__(self, lab: Background, folder: Path, usb: UsbModem) -> None:
        self.lab, self.folder, self.usb = lab, folder, usb
        self.holds: dict[str, Hold] = {}
        self.modem: Modem
        self.modem, face = lab.pty(ModemSpec(17, pin=RIGHT, registration_seconds=0))
        (folder / "dev").mkdir()
        (folder / "dev/ttyUSB3").symlink_to(face.paths["at3"])
        (folder / "spool").mkdir()
        self.lock(True)

    def lock(self, wanted: bool) -> None:
        """Whether the SIM wants a PIN."""
        self.lab.call(self.modem.faults.set, "sim", "pin" if wanted else "ok")

    def give(self, text: str, mode: int = 0o600) -> None:
        """The file with the PINs."""
        path = self.folder / "pins.json"
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)

    def ask(self) -> Answer:
        """One identification."""
        files = SpoolFiles(self.folder / "spool")
        ledger = Ledger(self.folder / "pin-tries.json")
        sims = SimEntry(self.folder / "pins.json", ledger, held=self.holds.get)
        answer = ask(self.usb, "5", self.folder / "dev", self.folder, files, sims)
        files.close()
        return answer

    def written(self) -> str:
        """All that this host keeps, but the file with the PINs."""
        kept = [p for p in self.folder.rglob("*") if p.is_file() and p.name != "pins.json"]
        return "".join(path.read_bytes().decode("latin-1") for path in kept)


@pytest.fixture
def host(tmp_path: Path, make_modem: Callable[..., Path]) -> Iterator[Host]:
    make_modem("1-1")
    usb = find_modem("1-1", tmp_path)
    assert usb is not None
    with Background() as lab:
        yield Host(lab, tmp_path, usb)


def test_a_port_in_use_is_an_answer_that_names_its_holder(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert identify.PORT_WAIT_S < identify.CAP_S / 2  # half of it may go by before a seat is free
    monkeypatch.setattr(identify, "PORT_WAIT_S", 0.2)
    host.give(json.dumps({host.modem.iccid: RIGHT}))
    port = str(host.folder / "dev/ttyUSB3")
    with AtSession(port, lock_dir=host.folder):
        answer = host.ask()
    assert (answer.identity, answer.sim) == (None, None)
    assert (answer.reason or "").endswith(f"(process {os.getpid()})")
    assert host.modem.sim.pin_attempts == 0
    assert host.ask().identity is not None


def test_the_right_pin_opens_the_sim(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    host.give(json.dumps({host.modem.iccid: RIGHT}))
    caplog.set_level("DEBUG")
    answer = host.ask()
    assert answer.identity is not None
    assert (answer.identity.imsi, answer.identity.iccid) == (host.modem.imsi, host.modem.iccid)
    assert (answer.sim, answer.reason) == (None, None)
    assert (host.modem.sim.state, host.modem.sim.pin_attempts) == (SimState.READY, 1)
    assert "CPIN=" in host.written()
    assert '"1234"' not in host.written().replace('\\"', '"')
    assert '"1234"' not in caplog.text


def test_no_pin_for_a_modem_that_somebody_holds(host: Host) -> None:
    host.give(json.dumps({host.modem.iccid: RIGHT}))
    until = datetime.now(UTC) + timedelta(hours=1)
    host.holds[host.modem.imei] = Hold(until, "cli:alice", "new SIM")
    answer = host.ask()
    assert answer.identity is not None
    assert answer.sim is not None
    assert answer.sim.reason.startswith("held by cli:alice until ")
    assert answer.sim.remedy == f"modemfarm release {host.modem.imei}"
    assert host.modem.sim.pin_attempts == 0
    host.holds.clear()
    assert host.ask().sim is None
    assert host.modem.sim.pin_attempts == 1


def test_a_wrong_pin_is_sent_once_and_shown_as_refused(host: Host) -> None:
    host.give(json.dumps({"default": WRONG}))
    first, *later = [host.ask() for _ in range(4)]
    assert first.sim is not None
    assert first.sim.reason == "PIN refused: the SIM says that it is wrong"
    for answer in later:
        assert answer.identity is not None
        assert answer.sim is not None
        assert answer.sim.reason.startswith("PIN refused: ")
        assert answer.sim.remedy
    assert host.modem.sim.pin_attempts == 1
    assert WRONG not in host.written()


@pytest.mark.parametrize(
    ("text", "mode", "reason"),
    [
        ("{}", 0o600, "SIM pin required"),
        ('{"89490200000000000016": "1234"}', 0o600, "SIM pin required"),
        ('{"default": "1234"}', 0o644, "may be read by others"),
        ('{"default": 1234}', 0o600, "4 to 8 ASCII digits"),
        ("{", 0o600, "is not JSON"),
    ],
)
def test_without_a_pin_to_send(host: Host, text: str, mode: int, reason: str) -> None:
    host.give(text, mode)
    answer = host.ask()
    assert answer.identity is not None
    assert answer.sim is not None
    assert reason in answer.sim.reason
    assert "1234" not in f"{answer.sim}"
    assert host.modem.sim.pin_attempts == 0


@pytest.mark.parametrize(
    ("fault", "reason"), [("missing", "SIM not inserted"), ("puk", "SIM puk required")]
)
def test_other_sims_cost_no_try(host: Host, fault: str, reason: str) -> None:
    host.give(json.dumps({"default": RIGHT}))
    host.lab.call(host.modem.faults.set, "sim", fault)
    answer = host.ask()
    assert answer.sim is not None
    assert answer.sim.reason == reason
    assert host.modem.sim.pin_attempts == 0


def test_a_sim_without_a_pin_is_not_asked_about_it(host: Host) -> None:
    host.lock(False)
    answer = host.ask()
    assert answer.sim is None
    assert not (host.folder / "pin-tries.json").exists()
