# SPDX-License-Identifier: GPL-3.0-or-later
"""Which areas the bench measures, and what becomes of the others' failures."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from modemlab.bench import __main__ as bench
from modemlab.bench.registry import percentile
from modemlab.bench.rows import Row
from modemlab.host.errors import LabError


class NoLab:
    """Stands for the lab host: these areas need none."""

    def __init__(self, _: str) -> None:
        self.project = Path.cwd()

    def stop(self) -> None:
        pytest.fail("a lab host that was not asked for is left alone")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def refuse(_: object) -> list[Row]:
        raise LabError("not here")

    areas = {
        "one": lambda _: [Row("one", "case", 1, "s", 1.0, {"peer": 2.0}, 3.0)],
        "two": lambda _: [Row("two", "case", 1, "s", 4.0, {}, 3.0)],
        "bad": refuse,
    }
    monkeypatch.setattr(bench, "AREAS", areas)
    monkeypatch.setattr(bench, "Lab", NoLab)
    monkeypatch.delenv("BENCH", raising=False)
    monkeypatch.chdir(tmp_path)

    def start(*words: str) -> tuple[int, list[dict[str, Any]]]:
        monkeypatch.setattr(sys, "argv", ["bench", *words])
        code = bench.main()
        return code, json.loads((tmp_path / "build/bench.json").read_text())

    return start


def test_one_area(run: Any) -> None:
    code, rows = run("--only", "one")
    assert code == 0
    assert [(row["area"], row["ratio"], row["met"]) for row in rows] == [("one", 0.5, True)]


def test_several_by_the_environment(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH", "one two")
    assert [(row["area"], row["met"]) for row in run()[1]] == [("one", True), ("two", False)]


def test_an_area_that_cannot_be_measured_costs_no_other(run: Any, capsys: Any) -> None:
    code, rows = run("--only", "bad", "--only", "two")
    assert code == 1
    assert [row["area"] for row in rows] == ["two"]
    assert "bench: bad: not here" in capsys.readouterr().err


@pytest.mark.parametrize(("words", "env"), [(("--only", "three"), ""), ((), "one three")])
def test_unknown_areas(
    run: Any, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], env: str
) -> None:
    monkeypatch.setenv("BENCH", env)
    with pytest.raises(SystemExit) as end:
        run(*words)
    assert end.value.code == 2


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([5.0], 99, 5.0),
        (list(range(100)), 99, 99),
        (list(range(1000)), 99, 990),
        ([3, 1, 2], 50, 2),
    ],
)
def test_percentile(values: list[float], percent: float, expected: float) -> None:
    assert percentile(values, percent) == expected
