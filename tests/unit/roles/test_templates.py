# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles write is taken by the tools that will read it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from modemfarm.settings import FarmSettings

UNITS = "etc/systemd/system"
SCRIPTS = ("agent/files/install-agent.sh", "threeproxy/files/build-3proxy.sh")


def _run(*command: str | Path) -> str:
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_settings_are_what_the_agent_reads(rendered: Path) -> None:
    settings = FarmSettings.load(rendered / "etc/modemfarm/farm.json")
    assert settings.slots == 4
    assert [str(network) for network in settings.clients] == ["192.168.1.0/24"]
    assert settings.lan_interface == "lan0"
    # An option that is not set is not in the file: an older package would refuse to read it.
    assert "second_probe_url" not in (rendered / "etc/modemfarm/farm.json").read_text()
    unit = settings.slot(1).unit.replace("1", "")
    assert (rendered / UNITS / unit).exists()


@pytest.mark.parametrize("service", ["ModemManager", "NetworkManager"])
def test_services_come_back_after_a_restart_of_dbus(rendered: Path, service: str) -> None:
    text = (rendered / UNITS / f"{service}.service.d/modemfarm.conf").read_text()
    assert "\nRestart=always\n" in text  # they end with 0, which on-failure takes for the end


def test_settings_are_written_once_their_reader_is_there() -> None:
    """An older package refuses a setting that it does not know, and so every apply."""
    roles = Path(__file__).parents[3] / "roles"
    tasks = yaml.safe_load((roles / "agent/tasks/main.yml").read_text())
    names = [task["name"] for task in tasks]
    assert names.index("Install the agent") < names.index("Write the settings")
    assert names.index("Write the settings") < names.index("Start the agent")
    farm = (roles / "farm/tasks/main.yml").read_text() + (
        roles / "farm/tasks/configure.yml"
    ).read_text()
    assert "farm.json" not in farm


def test_shell_programs_parse(rendered: Path) -> None:
    programs = [rendered / f"usr/libexec/modemfarm/{name}" for name in ("routing", "proxy-check")]
    for program in programs:
        _run("/bin/sh", "-n", program)


@pytest.mark.parametrize(
    "script", ["agent/files/install-agent.sh", "threeproxy/files/build-3proxy.sh"]
)
def test_shipped_scripts_parse(script: str) -> None:
    _run("/bin/sh", "-n", Path(__file__).parents[3] / "roles" / script)


@pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="systemd-sysusers is missing")
def test_users_are_made_with_their_uids(rendered: Path, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("systemd-sysusers --root needs root")
    (tmp_path / "etc").mkdir()
    _run("systemd-sysusers", f"--root={tmp_path}", rendered / "etc/sysusers.d/modemfarm.conf")
    rows = [line.split(":") for line in (tmp_path / "etc/passwd").read_text().splitlines()]
    users = {row[0]: (row[2], row[6]) for row in rows}
    assert {name: users[name][0] for name in users if name.startswith("farm-px-")} == {
        f"farm-px-{slot}": str(61000 + slot) for slot in range(1, 5)
    }
    assert {shell for _, shell in users.values()} == {"/usr/sbin/nologin"}


def test_packaged_inventory_names_the_group_of_the_plays() -> None:
    share = Path(__file__).parents[3] / "roles/agent/files/share"
    listed = _run("ansible-inventory", "-i", share / "inventory", "--list")
    assert json.loads(listed)["modem_hosts"]["hosts"] == ["localhost"]
