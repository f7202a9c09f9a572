# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: S101 - these are tests
"""The container as its own tools tell it; shared by all tests of the scenario."""

from collections.abc import Callable

import pytest
from testinfra.host import Host as Remote

from modemlab.baseline.control import Control, Verdict, judge, waivers
from modemlab.baseline.host import Host

ADMIN = "admin"


@pytest.fixture(scope="module")
def root(host: Remote) -> Callable[[str], str]:
    """Runs a shell line as root and returns what it prints."""

    def run(line: str) -> str:
        text: str = host.check_output("sudo sh -c %s", line)
        return text

    return run


@pytest.fixture(scope="module")
def state(root: Callable[[str], str]) -> Host:
    """What the baselines look at."""
    return Host(root, ADMIN)


def expect_all_kept(state: Host, baseline: str, controls: tuple[Control, ...]) -> Verdict:
    """Every control is kept or waived with a reason, and no waiver is needless."""
    verdict = judge(state, controls, waivers(baseline), container=True)
    assert verdict.broken == {}
    assert verdict.needless == {}, "these are kept: take their waivers out"
    return verdict


@pytest.fixture
def expect() -> Callable[[Host, str, tuple[Control, ...]], Verdict]:
    """`expect_all_kept`, for test files that cannot import from here."""
    return expect_all_kept
