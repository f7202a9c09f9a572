# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes are counted once, whatever becomes of the interface, the agent, the host and the clock."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemfarm.proxy.quota import Used
from modemfarmd.agent.meter import Reading
from modemfarmd.agent.volume_file import VolumeFile
from modemfarmd.agent.volumes import Volumes
from modemfarmd.registry.volumes import Volume

from .world import serial

ONE, DAY = serial(1), date(2026, 1, 31)


@pytest.fixture
def volumes() -> Volumes:
    new = Volumes()
    new.lost = False
    return new


def reading(down: int, up: int = 0, source: str = "boot/7") -> Reading:
    return Reading(source, down, up)


def test_what_lies_between_two_readings_counts(volumes: Volumes) -> None:
    for down, up in ((100, 10), (150, 30), (150, 30)):
        volumes.count(ONE, reading(down, up), DAY)
    assert volumes.used(ONE, DAY) == Used(180, 180)
    assert volumes.used(serial(2), DAY) == Used()


def test_a_new_interface_counts_from_its_beginning(volumes: Volumes) -> None:
    volumes.count(ONE, reading(1000), DAY)
    # More than before, so that the numbers alone look like the same interface.
    volumes.count(ONE, reading(1500, source="boot/9"), DAY)
    volumes.count(ONE, reading(2000, source="other/7"), DAY)
    assert volumes.used(ONE, DAY).day == 4500


def test_a_counter_that_was_set_back_counts_from_zero(volumes: Volumes) -> None:
    volumes.count(ONE, reading(1000, 500), DAY)
    volumes.count(ONE, reading(20, 600), DAY)
    assert volumes.used(ONE, DAY).day == 1500 + 620


def test_days_and_months_are_apart(volumes: Volumes) -> None:
    volumes.count(ONE, reading(100), DAY - timedelta(days=1))
    volumes.count(ONE, reading(150), DAY)
    volumes.count(ONE, reading(157), DAY + timedelta(days=1))
    assert volumes.used(ONE, DAY) == Used(50, 150)
    assert volumes.used(ONE, DAY + timedelta(days=1)) == Used(7, 7)


def test_what_is_forgiven_stays_counted_and_only_the_rest_is_used(volumes: Volumes) -> None:
    volumes.count(ONE, reading(100), DAY)
    volumes.forgive(ONE, ["day"], DAY)
    assert volumes.used(ONE, DAY) == Used(0, 100)
    volumes.count(ONE, reading(130), DAY)
    assert volumes.used(ONE, DAY) == Used(30, 130)
    assert volumes.accounts[ONE].moved("day", DAY) == 130
    volumes.forgive(ONE, ["month"], DAY)
    assert volumes.used(ONE, DAY) == Used(30, 0)


def test_a_wrong_clocks_days_move_to_the_right_one(volumes: Volumes) -> None:
    volumes.count(ONE, reading(100), date(2038, 1, 19))
    assert volumes.newest() == date(2038, 1, 19)
    volumes.fold(DAY)
    assert volumes.newest() == DAY
    assert volumes.used(ONE, DAY).day == 100


def test_the_registry_gets_each_change_once(volumes: Volumes) -> None:
    volumes.count(ONE, reading(100, 5), DAY)
    volumes.count(ONE, reading(120, 5), DAY)
    assert volumes.fresh() == [Volume(ONE, DAY, 120, 5)]
    volumes.count(ONE, reading(120, 5), DAY)
    assert volumes.fresh() == []


def test_a_file_outlives_the_agent(volumes: Volumes, tmp_path: Path) -> None:
    file = VolumeFile(tmp_path / "volumes.json")
    volumes.count(ONE, reading(100, 10), DAY)
    volumes.forgive(ONE, ["day"], DAY)
    file.write(volumes, DAY)
    again = Volumes()
    assert file.read(again) is None
    assert not again.lost
    # The same interface went on meanwhile.
    again.count(ONE, reading(160, 10), DAY)
    assert again.used(ONE, DAY) == Used(60, 170)
    assert again.fresh() == [Volume(ONE, DAY, 160, 10)]
    assert [entry.name for entry in tmp_path.iterdir()] == ["volumes.json"]


def test_days_that_are_long_over_leave_the_file(volumes: Volumes, tmp_path: Path) -> None:
    file = VolumeFile(tmp_path / "volumes.json")
    volumes.count(ONE, reading(100), DAY - timedelta(days=63))
    volumes.forgive(ONE, ["day"], DAY - timedelta(days=63))
    volumes.count(ONE, reading(110), DAY)
    file.write(volumes, DAY)
    (row,) = json.loads(file.path.read_text())["modems"].values()
    assert row["days"] == {"2026-01-31": [10, 0]}
    assert row["forgiven"] == {}


ACCOUNT = {"reading": None, "days": {}, "forgiven": {}}


@pytest.mark.parametrize(
    "document",
    [
        [], {}, None, {"version": 2, "modems": {}}, {"version": 1, "modems": []},
        {"version": 1, "modems": {"1": ACCOUNT}}, {"version": 1, "modems": {ONE: {}}},
        {"version": 1, "modems": {ONE: ACCOUNT | {"days": {"2026-01-31": [-1, 0]}}}},
        {"version": 1, "modems": {ONE: ACCOUNT | {"days": {"31.1.": [1, 0]}}}},
        {"version": 1, "modems": {ONE: ACCOUNT | {"reading": 1}}},
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_told_and_lost(document: object, tmp_path: Path) -> None:
    file, volumes = VolumeFile(tmp_path / "volumes.json"), Volumes()
    file.path.write_text(json.dumps(document))
    problem = file.read(volumes)
    assert problem is not None
    assert "is not read" in problem
    assert volumes.lost
    assert volumes.accounts == {}


def test_where_the_file_is_lost_the_registry_counts_and_nothing_counts_twice() -> None:
    volumes = Volumes()
    volumes.seed([Volume(ONE, DAY, 900, 100)])
    volumes.count(ONE, reading(5000), DAY)  # all of it may be in the registry's number
    assert volumes.used(ONE, DAY).day == 1000
    volumes.count(ONE, reading(5001), DAY)
    assert volumes.used(ONE, DAY).day == 1001


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 10**10)), max_size=30))
def test_nothing_is_counted_twice_or_lost(steps: list[tuple[int, int]]) -> None:
    """Step 0 replugs; what is moved between two looks at one interface counts exactly once."""
    volumes = Volumes()
    volumes.lost = False
    total = counter = life = 0
    for kind, moved in steps:
        if kind == 0:
            life, counter = life + 1, 0
        counter += moved
        total += moved
        volumes.count(ONE, reading(counter, source=f"boot/{life}"), DAY)
    assert volumes.used(ONE, DAY).day == total
