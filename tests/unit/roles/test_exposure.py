# SPDX-License-Identifier: GPL-3.0-or-later
"""`systemd-analyze security` of every unit of ours, against the table of docs/hardening.md."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from .ansible_runs import ROOT

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing"
)
UNITS = "etc/systemd/system"
ROW = re.compile(r"^\| `([\w@.-]+\.service)` \| (\d+\.\d) \| (\d+\.\d) \|", re.MULTILINE)
MEASURED_WITH = "252"  # the table says so; other versions weigh differently
TABLE = {
    unit: (float(most), float(measured))
    for unit, most, measured in ROW.findall((ROOT / "docs/hardening.md").read_text())
}


def _version() -> str:
    done = subprocess.run(
        ["systemd-analyze", "--version"], capture_output=True, text=True, check=True
    )
    return done.stdout.split()[1]


def _exposure(unit: Path) -> float:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found = re.search(r"Overall exposure level for \S+: (\d+\.\d)", done.stdout)
    assert found, done.stdout
    return float(found[1])


def test_table_has_every_unit_of_the_roles() -> None:
    ours = {
        path.name.removesuffix(".j2")
        for path in ROOT.glob(f"roles/*/templates/{UNITS}/*.service.j2")
    }
    assert set(TABLE) == ours


def test_a_proxy_is_allowed_little() -> None:
    assert TABLE["3proxy@.service"][0] <= 1.5


@pytest.mark.parametrize("unit", TABLE)
def test_unit_is_as_closed_as_the_table_says(rendered: Path, unit: str) -> None:
    most, measured = TABLE[unit]
    found = _exposure(rendered / UNITS / unit)
    assert found <= most
    if _version() == MEASURED_WITH:
        assert found == measured
