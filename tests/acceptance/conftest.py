# SPDX-License-Identifier: GPL-3.0-or-later
"""One lab host for the whole acceptance run: fresh on a clean checkout, resumed where one is saved.

The tests look at the host from outside: through the proxies, at `ip rule`, `nft`, `systemctl` and
at what the carrier has counted; never at the templates that made it so.
"""

import os
import sys
from collections.abc import Iterator

import pytest

from modemlab.host import farm
from modemlab.host.engine import Engine
from modemlab.host.lab import Lab
from modemlab.host.progress import Progress
from modemlab.host.site import Recap
from modemlab.host.up import Up, bring_up

MODEMS = 4


@pytest.fixture(scope="session")
def up(request: pytest.FixtureRequest) -> Iterator[tuple[Lab, Up]]:
    """The lab with four modems serving; ended when the run ends.

    MODEMFARM_KEEP_LAB=1 leaves it running, and takes one that was left: for work on single tests.
    """
    capture = request.config.pluginmanager.getplugin("capturemanager")
    lab = Lab("acceptance")
    keep = os.environ.get("MODEMFARM_KEEP_LAB") == "1"
    with capture.global_and_fixture_disabled():
        sys.stdout.write("\n")
        left = keep and lab.running
        found = left_running(lab) if left else bring_up(lab, MODEMS, Progress())
    yield lab, found
    if not keep:
        lab.stop()


def left_running(lab: Lab) -> Up:
    """What an earlier run left running."""
    chosen = Engine(**lab.need_running().engine)
    return Up(chosen, Recap(0, 0, 0, 0, "not run"), farm.rows(lab), resumed=True)


@pytest.fixture(scope="session")
def lab(up: tuple[Lab, Up]) -> Lab:
    """The running lab host."""
    return up[0]


@pytest.fixture
def rows(lab: Lab) -> list[farm.Row]:
    """The registry's rows of modems 1 to 4 as the CLI on the host gives them."""
    first = {modem["imei"] for modem in lab.control("list")["modems"] if modem["number"] <= MODEMS}
    return [row for row in farm.rows(lab) if row["serial"] in first]


@pytest.fixture
def modems(lab: Lab) -> dict[str, farm.Row]:
    """The virtual modems by IMEI: what is really plugged in, and the addresses the carrier gave."""
    return {modem["imei"]: modem for modem in lab.control("list")["modems"]}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which engine the proxies ran on (packaged without 3proxy)."""
    running = Lab("acceptance").engine_used()
    if running:
        terminalreporter.write_line(f"proxy engine: {running['label']}: {running['reason']}")
