# SPDX-License-Identifier: GPL-3.0-or-later
"""Seeds, the third of today, and a farm that is whole before and after each fault.

MODEMFARM_SEEDS  how many seeds each fault runs with (1; `make faults` says 3)
MODEMFARM_SEED   the first seed (day of the year)
MODEMFARM_THIRD  0, 1, 2 or all: which tests run (day of the year modulo 3)
"""

import datetime
import hashlib
import os
import random
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

import pytest

from modemlab.host import farm
from modemlab.host.errors import LabError
from modemlab.host.lab import Lab
from modemlab.host.progress import Progress
from modemlab.host.up import bring_up

from . import invariants
from .ground import MODEMS, Row, restore
from .proven import is_proven
from .trial import Trial, slowness, trial

HERE = Path(__file__).parent
THIRDS = 3
TODAY = datetime.datetime.now(datetime.UTC).timetuple().tm_yday
SEEDS = int(os.environ.get("MODEMFARM_SEEDS", "1"))
FIRST_SEED = int(os.environ.get("MODEMFARM_SEED", str(TODAY)))
LEFT_OUT = pytest.StashKey[str]()


def third_of(name: str) -> int:
    """Which third a test is in; the same on every machine and every day."""
    return hashlib.sha256(name.encode()).digest()[0] % THIRDS


def chosen_third() -> int | None:
    """The third to run, None for all."""
    text = os.environ.get("MODEMFARM_THIRD", str(TODAY % THIRDS))
    if text == "all":
        return None
    if text not in {"0", "1", "2"}:
        raise pytest.UsageError(f"MODEMFARM_THIRD={text!r}: allowed are 0, 1, 2 and all")
    return int(text)


T = TypeVar("T")


def variants(*known: T) -> list[T]:
    """All ways of a fault where all tests run, else the one of today."""
    return list(known) if chosen_third() is None else [known[FIRST_SEED % len(known)]]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave two thirds out, except where somebody asks for single tests by -k or by name."""
    ours = [item for item in items if HERE in item.path.parents]
    third = chosen_third()
    named = bool(config.option.keyword) or any("::" in argument for argument in config.args)
    if not ours or third is None or named:
        return
    new = [item for item in ours if not is_proven(item)]
    proven = [item for item in ours if item not in new]
    out = [item for item in proven if third_of(getattr(item, "originalname", item.name)) != third]
    left_out = {*out, *new}
    config.hook.pytest_deselected(items=[*out, *new])
    items[:] = [item for item in items if item not in left_out]
    config.stash[LEFT_OUT] = (
        f"faults: third {third} of 0 to 2 ran (day {TODAY} of the year): {len(proven) - len(out)}"
        f" tests; {len(out)} left out until tomorrow and the day after; {len(new)} run only in"
        f" `make faults` (MODEMFARM_THIRD=all) until they have been seen green: faults/proven.py"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each fault with its seeds."""
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(FIRST_SEED, FIRST_SEED + SEEDS))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out and why."""
    text = terminalreporter.config.stash.get(LEFT_OUT, None)
    if text:
        terminalreporter.write_line(text)


@pytest.fixture(scope="session")
def scene(lab: Lab, remark: Callable[[str], None]) -> Lab:
    """The lab with the reader of invariants in it."""
    invariants.install(lab)
    remark(f"faults: caps x {slowness(lab):g} ({lab.need_running().accelerator}), more when busy")
    return lab


GROUND: list[list[Row]] = []  # what the last restoration left; one lab host for the whole run


@pytest.fixture
def ground(scene: Lab, remark: Callable[[str], None]) -> Iterator[list[Row]]:
    """The rows of the four modems, all serving; afterwards they are again, whatever happened."""
    good = GROUND.pop() if GROUND else make_good(scene, remark)
    yield good
    GROUND[:] = [make_good(scene, remark)]


def make_good(lab: Lab, remark: Callable[[str], None]) -> list[Row]:
    """Restore the ground; where that fails, start again from the saved state and say so."""
    try:
        return restore(lab)
    except LabError as error:
        remark(f"the lab host was started anew: {error}"[:1500])
        bring_up(lab, MODEMS, Progress())
        invariants.install(lab)
        return restore(lab)


Start = Callable[..., AbstractContextManager[Trial]]


@pytest.fixture
def start(scene: Lab, ground: list[Row], seed: int, remark: Callable[[str], None]) -> Start:
    """`start("F2", hit=1)`: a trial on modems that the seed chooses."""

    def begin(
        name: str,
        hit: int = 1,
        *,
        allowed: Collection[str] = (),
        watch: bool = True,
        url: str = farm.IP_URL,
    ) -> AbstractContextManager[Trial]:
        rows = list(ground)
        random.Random(f"{name} {seed} modems").shuffle(rows)  # noqa: S311 - no secret
        others = rows[hit:] if watch else []
        return trial(scene, name, seed, rows[:hit], others, remark, allowed, url)

    return begin
