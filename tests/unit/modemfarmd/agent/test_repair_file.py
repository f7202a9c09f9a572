# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of the last day on disk."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from modemfarmd.agent.repair_file import KEPT, RepairFile

SERIAL = "867584030000017"
NOW = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)


def steps(path: Path, now: datetime = NOW) -> list[tuple[str, datetime]]:
    return [(repair.step, repair.began) for repair in RepairFile(path, lambda: now).read()]


def test_what_was_begun_is_known_to_the_next_agent(tmp_path: Path) -> None:
    path = tmp_path / "repairs.json"
    assert steps(path) == []
    file = RepairFile(path, lambda: NOW)
    file.add(SERIAL, "reconnect", NOW - timedelta(hours=25))
    file.add(SERIAL, "reset", NOW)
    assert steps(path) == [("reset", NOW)]
    again = RepairFile(path, lambda: NOW)
    again.read()
    again.add(SERIAL, "usb", NOW)
    assert [step for step, _ in steps(path)] == ["reset", "usb"]
    assert [item.name for item in tmp_path.iterdir()] == ["repairs.json"]


def test_it_does_not_grow_for_ever(tmp_path: Path) -> None:
    file = RepairFile(tmp_path / "repairs.json", lambda: NOW)
    file._write = lambda text: None  # type: ignore[method-assign]
    for _ in range(KEPT + 5):
        file.add(SERIAL, "reconnect", NOW)
    assert len(file._steps) == KEPT


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[1]", '[["x", "reset", "2026-01-31T12:00:00+00:00"]]', "[[]]",
     '[["867584030000017", "reset", "2026-01-31T12:00:00"]]', "[" * 99_999],
)  # fmt: skip
def test_a_file_that_is_none_is_no_reason_to_stop(tmp_path: Path, text: str) -> None:
    (tmp_path / "repairs.json").write_text(text)
    assert steps(tmp_path / "repairs.json") == []


def test_a_full_disk_is_no_reason_to_stop(tmp_path: Path) -> None:
    file = RepairFile(tmp_path / "none" / "repairs.json", lambda: NOW)
    file.add(SERIAL, "reconnect", NOW)
