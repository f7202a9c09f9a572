# SPDX-License-Identifier: GPL-3.0-or-later
"""Thirty modems at once: in, out by a dead hub, and in again; never more than five applies."""

from collections.abc import Iterator

import pytest

from modemlab.host import farm
from modemlab.host.lab import Lab
from modemlab.host.up import cap_for

from .conftest import Start
from .ground import MODEMS, root, truth
from .history import registry, serving
from .trial import Trial, slowness

ALL = 30
FIRST = 101
OFFLINE_S = 10.0  # FAULTS F4


@pytest.fixture
def guests(scene: Lab) -> Iterator[list[int]]:
    """26 more modems, not plugged in."""
    numbers = list(range(FIRST, FIRST + ALL - MODEMS))
    scene.control("add", n=FIRST, count=len(numbers))
    yield numbers
    scene.control("remove", modem=numbers)


def all_serve(running: Trial, serials: set[str], what: str) -> list[farm.Row]:
    cap = cap_for(ALL) / slowness(running.lab)
    rows: list[farm.Row] = running.converges(what, cap, lambda: serving(running.lab, serials))
    return rows


def test_f3_f4_thirty_at_once_in_out_and_in_again(
    scene: Lab, start: Start, guests: list[int]
) -> None:
    with start("F3 F4", hit=MODEMS) as running:
        numbers = [*range(1, MODEMS + 1), *guests]
        running.random.shuffle(numbers)
        serials = {imei for imei, m in truth(scene).items() if m["number"] in numbers}
        scene.control("plug", modem=numbers)
        rows = all_serve(running, serials, f"{ALL} modems serve")
        most = max(look["jobs"] for look in running.invariants.looks())
        running.note(f"at most {most} applies at once")
        ports = {row["serial"]: row["proxy_port"] for row in rows}
        assert len(set(ports.values())) == ALL
        wrong = [row for row in rows if not running.answers(row)]
        assert wrong == []

        since = root(scene, "date +%s").strip()
        scene.control("unplug", modem=numbers, patience=120)
        running.converges(f"{ALL} are shown as offline", OFFLINE_S, lambda: all(
            row["status"] == "offline" for imei, row in registry(scene).items() if imei in serials
        ))  # fmt: skip
        text = root(scene, f"journalctl -q -u modemfarm-agent --since @{since} -o cat")
        alarms = [
            line for line in text.splitlines() if "event shared" in line or "hub-lost" in line
        ]
        running.note(f"{len(alarms)} alarms")
        assert len(alarms) <= 1, alarms
        assert "event repair" not in text

        running.random.shuffle(numbers)
        scene.control("plug", modem=numbers, patience=120)
        again = all_serve(running, serials, f"{ALL} serve again")
        assert {row["serial"]: row["proxy_port"] for row in again} == ports
