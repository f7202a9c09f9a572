# SPDX-License-Identifier: GPL-3.0-or-later
"""Ten thousand hostile lines for each role: what a terminal gets is proved by its byte log."""

import contextlib
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from modemfarm.at import policy
from modemfarm.at.permit import Role
from modemfarm.at.session import AtSession
from modemfarm.errors import CommandFailedError, CommandRefusedError
from modemlab.faces.background import Background
from modemlab.modem.spec import ModemSpec

from .hostile import BAD, GOOD, LINES, MAY_REACH

EXAMPLES = 13_000  # some come twice
DIFFERENT = 10_000
CAP_S = 5.0


class Port:
    """A session on a virtual modem's terminal, and every byte that reached it."""

    def __init__(self, lab: Background, folder: Path) -> None:
        self.reached = bytearray()
        self.sent = bytearray()
        self.tally: Counter[str] = Counter()
        self.lines: set[str] = set()
        spec = ModemSpec(17, registration_seconds=0)
        self.modem, face = lab.pty(spec, None, lambda _name, data: self.reached.extend(data))
        self.session = AtSession(face.paths["at3"], lock_dir=folder)

    def start(self) -> None:
        """What the session says by itself is not what is tested."""
        self.session.open()
        self.session.sync()
        self.reached.clear()

    def speak(self, line: str, role: Role) -> None:
        """As modem_at and the CLI do: no permit, no byte."""
        self.lines.add(line)
        try:
            permit = policy.permit(line, role)
        except CommandRefusedError:
            self.tally["refused"] += 1
            return
        self.tally["sent"] += 1
        self.sent += permit.text.encode("ascii") + b"\r"
        with contextlib.suppress(CommandFailedError):
            self.session.send(permit)

    def settle(self) -> None:
        """Until the terminal has what was sent; more would have come before it."""
        deadline = time.monotonic() + CAP_S
        while len(self.reached) < len(self.sent) and time.monotonic() < deadline:
            time.sleep(0.01)


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Port]:
    with Background() as lab:
        port = Port(lab, tmp_path)
        port.start()
        yield port
        port.session.close()


@pytest.mark.parametrize("role", Role)
def test_ten_thousand_hostile_lines(port: Port, role: Role) -> None:
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(LINES)
    def throw(line: str) -> None:
        port.speak(line, role)
        assert port.reached == port.sent

    throw()
    port.settle()
    assert port.reached == port.sent
    for line in bytes(port.reached).removesuffix(b"\r").split(b"\r"):
        assert MAY_REACH[role.value].fullmatch(line), line
    assert len(port.lines) >= DIFFERENT
    assert port.tally["sent"] >= DIFFERENT / 100
    assert port.modem.counters.power_cycles == 0
    assert port.modem.sim.pin_attempts == 0


@pytest.mark.parametrize("role", Role)
def test_named_commands_one_by_one(port: Port, role: Role) -> None:
    for line in BAD:
        port.speak(line, role)
    assert (port.tally["sent"], bytes(port.reached)) == (0, b"")
    for line in GOOD:
        port.speak(line, role)
    port.settle()
    lines = bytes(port.reached).split(b"\r")
    assert lines.pop() == b""
    expected = [line.encode() for line in GOOD if MAY_REACH[role.value].fullmatch(line.encode())]
    assert lines == expected
