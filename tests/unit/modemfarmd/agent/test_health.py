# SPDX-License-Identifier: GPL-3.0-or-later
"""The rounds: who is looked at when. Our clock, no threads."""

from __future__ import annotations

import itertools
import queue
import threading
from dataclasses import dataclass, field

import pytest

from modemfarmd.agent import health
from modemfarmd.agent.health import Health
from modemfarmd.agent.look import Patient, Report
from modemfarmd.repair.evidence import Evidence


@dataclass
class Rounds:
    now: float = 1_000.0
    patients: tuple[Patient, ...] = ()
    suspects: set[str] = field(default_factory=set)
    asked: list[tuple[float, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.health = Health(
            lambda: self.patients, lambda: self.suspects, self.examine, lambda _: None,
            threading.Event(), lambda: self.now,
        )  # fmt: skip
        self.health.request = self.request  # type: ignore[method-assign]

    def examine(self, patient: Patient) -> Report:
        return Report(Evidence(patient.serial, self.now, self.now))

    def request(self, patient: Patient) -> None:
        self.asked.append((self.now, patient.serial))

    def run(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now += 1.0
            self.health.turn()

    def times(self, serial: str) -> list[float]:
        return [at for at, who in self.asked if who == serial]


@pytest.fixture
def rounds() -> Rounds:
    return Rounds(patients=tuple(Patient(str(number), None, None) for number in range(30)))


def test_each_is_looked_at_every_30_seconds_and_they_are_spread(rounds: Rounds) -> None:
    rounds.run(300)
    for patient in rounds.patients:
        times = rounds.times(patient.serial)
        assert [later - at for at, later in itertools.pairwise(times)] == [30.0] * 9
    together = [sum(at == now for at, _ in rounds.asked) for now, _ in rounds.asked]
    assert max(together) <= 2


def test_suspects_are_looked_at_every_10_seconds(rounds: Rounds) -> None:
    rounds.run(60)
    rounds.suspects = {"7"}
    rounds.run(60)
    assert len(rounds.times("7")) >= 2 + 5
    assert len(rounds.times("8")) == 4


def test_a_look_that_hangs_is_gone_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads here: the port of one modem blocks for ever; its data path is looked at all the
    same, and so are the others by all seats.
    """
    monkeypatch.setattr(health, "SEATS", 1)
    monkeypatch.setattr(health, "HANGS_S", 0.2)
    for name in ("INTERVAL_S", "SUSPECT_S", "BEAT_S"):
        monkeypatch.setattr(health, name, 0.05)
    never, stop = threading.Event(), threading.Event()
    reports: queue.Queue[tuple[str, bool]] = queue.Queue()

    def examine(patient: Patient) -> Report:
        if patient.serial == "1" and patient.at_port:
            never.wait()
        reports.put((patient.serial, patient.silent))
        return Report(Evidence(patient.serial, 0.0, 0.0))

    patients = (Patient("1", "ttyUSB3", 3128), Patient("2", "ttyUSB7", 3129))
    rounds = Health(lambda: patients, set, examine, lambda _: None, stop)
    rounds.start()
    seen = {reports.get(timeout=10) for _ in range(20)}
    assert ("1", True) in seen
    assert ("2", False) in seen
    never.set()
    while reports.get(timeout=10) != ("1", False):
        pass
    stop.set()


def test_one_that_was_away_is_a_new_one(rounds: Rounds) -> None:
    rounds.run(60)
    patients, rounds.patients = rounds.patients, ()
    rounds.run(60)
    count = len(rounds.asked)
    rounds.patients = patients[:1]
    rounds.run(30)
    assert len(rounds.asked) == count + 1
