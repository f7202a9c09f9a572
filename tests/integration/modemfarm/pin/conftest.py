# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual modem whose SIM wants a PIN, and processes that enter it, killed when told."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modemlab.faces.background import Background
from modemlab.faces.pty import PtyFace
from modemlab.modem.modem import Modem
from modemlab.modem.spec import ModemSpec

PROGRAM = Path(__file__).parent / "pin_process.py"
RIGHT, WRONG = "1234", "4711"
CAP_S = 60.0


class Bench:
    """One modem on terminals with fixed names, and the folder of the host."""

    def __init__(self, lab: Background, folder: Path) -> None:
        self.lab = lab
        self.folder = folder
        self.written = b""
        spec = ModemSpec(17, pin=RIGHT, registration_seconds=0)
        self.modem: Modem
        self.face: PtyFace
        self.modem, self.face = lab.pty(spec, folder / "dev", self._log)
        lab.call(self.modem.faults.set, "sim", "pin")

    def _log(self, _name: str, data: bytes) -> None:
        self.written += data

    @property
    def attempts(self) -> int:
        """How often a PIN was presented to the SIM."""
        return self.modem.sim.pin_attempts

    def give(self, pins: dict[str, str]) -> None:
        """What the role agent writes."""
        path = self.folder / "pins.json"
        path.write_text(json.dumps(pins), encoding="ascii")
        path.chmod(0o600)

    def replug(self) -> None:
        """Unplug, plug in, boot: the SIM wants its PIN again and keeps its tries."""
        self.lab.call(self.face.close)
        self.lab.call(self.face.open)
        self.lab.call(self.modem.power_cycle)

    def start(self, stop: str = "") -> "subprocess.Popen[str]":
        """A fresh process that enters the PIN."""
        argv = [sys.executable, str(PROGRAM), str(self.folder / "dev/at3"), str(self.folder)]
        return subprocess.Popen(
            argv + ([stop] if stop else []), stdout=subprocess.PIPE, text=True, cwd=self.folder
        )

    def enter(self) -> str:
        """A whole run; the word it ended with."""
        with self.start() as process:
            said, _ = process.communicate(timeout=CAP_S)
        return said.strip()

    def killed(self, after: float) -> None:
        """A run that kill -9 ends after some seconds, unless it was faster."""
        with self.start() as process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(after)
            process.kill()

    def killed_at(self, point: str) -> None:
        """A run that kill -9 ends where it says `stopped`."""
        with self.start(point) as process:
            assert process.stdout is not None
            word = process.stdout.readline().strip()
            process.kill()
        assert word == "stopped"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Background() as lab:
        yield Bench(lab, tmp_path)
