# SPDX-License-Identifier: GPL-3.0-or-later
"""Role backup: bad variables are refused with what is allowed, and the program reads its files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from modemfarmd.backup.settings import BackupSettings

from .ansible_runs import ROOT, failures, run_playbook

KEY = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2M0uZ+1 admin@example"
CASES: dict[str, tuple[dict[str, Any], str]] = {
    "none": ({"backup_recipients": []}, "backup_recipients is empty"),
    "nonsense": ({"backup_recipients": [KEY, "age1short"]}, "backup_recipients[1] is no public"),
    "lines": ({"backup_recipients": [KEY + "\nage1x"]}, "backup_recipients[0] is no public key"),
    "keep": ({"backup_keep": 0}, "backup_keep is 0"),
    "days": ({"backup_keep_days": 9999}, "backup_keep_days is 9999"),
    "folder": ({"backup_folder": "/"}, "backup_folder is '/'"),
    "folder-out": ({"backup_folder": "/var/../etc"}, "backup_folder is '/var/../etc'"),
    "schedule": ({"backup_schedule": "sometimes"}, "backup_schedule is 'sometimes'"),
    "good": ({"backup_recipients": [KEY, SSH]}, ""),
}
SECRET = "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ"


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is missing")
    defaults = yaml.safe_load((ROOT / "roles/backup/defaults/main.yml").read_text())
    good = defaults | {"backup_recipients": [KEY]}
    hosts = {name: good | values for name, (values, _) in CASES.items()}
    hosts["secret"] = good | {"backup_recipients": [SECRET]}
    work = tmp_path_factory.mktemp("backup")
    return run_playbook(Path(__file__).parent / "backup.yml", hosts, {}, work)


@pytest.mark.parametrize("name", CASES)
def test_bad_variables_are_refused(said: dict[str, Any], name: str) -> None:
    found = failures(said)
    expected = CASES[name][1]
    if not expected:
        assert name not in found
        return
    assert expected in found[name]
    assert "allowed: " in found[name]


def test_a_private_key_is_refused_and_not_repeated(said: dict[str, Any]) -> None:
    assert "secret" in failures(said)
    assert SECRET not in str(said["plays"])


def test_the_program_reads_what_the_role_writes(rendered: Path) -> None:
    settings = BackupSettings.load(rendered / "etc/modemfarm/backup.json")
    assert settings == BackupSettings()
    assert (rendered / "etc/modemfarm/backup-recipients").read_text().startswith("# ")
    unit = (rendered / "etc/systemd/system/modemfarm-backup.service").read_text()
    assert f"ReadWritePaths={settings.folder}\n" in unit
    assert "\nRestrictAddressFamilies=AF_UNIX\n" in unit
