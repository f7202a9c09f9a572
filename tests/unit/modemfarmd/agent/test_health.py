# SPDX-License-Identifier: GPL-3.0-or-later
"""The rounds: who is looked at when. Our clock, no threads."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field

import pytest

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


def test_one_that_was_away_is_a_new_one(rounds: Rounds) -> None:
    rounds.run(60)
    patients, rounds.patients = rounds.patients, ()
    rounds.run(60)
    count = len(rounds.asked)
    rounds.patients = patients[:1]
    rounds.run(30)
    assert len(rounds.asked) == count + 1
