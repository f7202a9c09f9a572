# SPDX-License-Identifier: GPL-3.0-or-later
"""The plays of a modem host as the role agent installs them, and what they are compared with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib import util
from pathlib import Path

import yaml

from .host import PORT_BASE, World
from .server import address

REPOSITORY = Path(__file__).parents[4]
PARTS = ("library", "action_plugins", "playbooks", "src")
FORKS = 10
CAP_S = 1800

EMPTY = [{"hosts": "modem_hosts", "gather_facts": False, "tasks": []}]
# What a role would do for each modem with ordinary modules: the same files, rules and looks.
TWELVE = [
    {"hosts": "each", "gather_facts": False, "tasks": [
        {"ansible.builtin.assert": {"that": ["slot | int > 0", "serial is match('[0-9]{15}$')"]}},
        {"ansible.builtin.file": {"path": "{{ work }}/{{ serial }}", "state": "directory",
                                  "mode": "0750"}},
        {"ansible.builtin.copy": {"dest": "{{ work }}/{{ serial }}/proxy.cfg", "mode": "0640",
                                  "content": "proxy -p{{ port }}\nauth iponly\nallow *\n"}},
        {"ansible.builtin.copy": {"dest": "{{ work }}/{{ serial }}/profile", "mode": "0600",
                                  "content": "[gsm]\nroute-table={{ 1000 + slot }}\n"}},
        {"ansible.builtin.copy": {"dest": "{{ work }}/{{ serial }}/identity", "mode": "0644",
                                  "content": "{{ serial }}\n"}},
        {"ansible.builtin.stat": {"path": "/sys/bus/usb/devices/1-{{ slot }}"}},
        {"ansible.builtin.command": "ip rule show pref {{ 2000 + slot }}", "changed_when": False},
        {"ansible.builtin.command": "ip route show table {{ 1000 + slot }}",
         "changed_when": False},
        {"ansible.builtin.command": "ip -4 address show dev wwan{{ slot - 1 }}",
         "changed_when": False},
        {"ansible.builtin.command": "nft list set inet modemfarm_guard uplinks",
         "changed_when": False},
        {"ansible.builtin.wait_for": {"host": "127.0.0.1", "port": "{{ port }}", "timeout": 10}},
        {"ansible.builtin.uri": {"url": "http://127.0.0.1:{{ port }}/", "return_content": True}},
    ]},
]  # fmt: skip


def make(world: World) -> Path:
    """The project's folder below the world's root."""
    folder = world.root / "project"
    folder.mkdir()
    for part in PARTS:
        (folder / part).symlink_to(REPOSITORY / part)
    installed = REPOSITORY / "roles/agent/files/share/ansible.cfg"
    text = installed.read_text().replace("/opt/modemfarm/venv/bin/python", sys.executable)
    (folder / "ansible.cfg").write_text(f"{text}forks = {FORKS}\n")
    local = {
        "ansible_connection": "local", "ansible_python_interpreter": sys.executable,
        "ansible_become": False, "ansible_remote_tmp": str(world.root / "tmp"),
        "work": str(world.root / "work"),
    }  # fmt: skip
    each = {
        f"modem{slot}": {"slot": slot, "serial": serial, "port": PORT_BASE + slot,
                         "wan": address(slot)}
        for slot, serial in enumerate(world.serials, 1)
    }  # fmt: skip
    inventory = {
        "all": {"vars": local, "children": {
            "modem_hosts": {"hosts": {"localhost": {}}}, "each": {"hosts": each},
        }}
    }  # fmt: skip
    (world.root / "work").mkdir()
    (folder / "inventory").mkdir()
    (folder / "inventory/hosts.yml").write_text(yaml.safe_dump(inventory))
    for name, play in (("empty", EMPTY), ("twelve", TWELVE)):
        (folder / f"{name}.yml").write_text(yaml.safe_dump(play))
    return folder


def mitogen() -> dict[str, str] | None:
    """The environment in which Ansible uses mitogen; None where it is not installed."""
    found = util.find_spec("ansible_mitogen")
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(found.submodule_search_locations[0]) / "plugins/strategy"
    return {"ANSIBLE_STRATEGY": "mitogen_linear", "ANSIBLE_STRATEGY_PLUGINS": str(folder)}


def play(
    project: Path, name: str, variables: dict[str, object], extra: dict[str, str] | None = None
) -> None:
    """One cold run of ansible-playbook. RuntimeError with its words when it fails."""
    program = shutil.which("ansible-playbook") or str(
        Path(sys.executable).parent / "ansible-playbook"
    )
    done = subprocess.run(
        [program, name, "-e", json.dumps(variables)],
        cwd=project, env={**os.environ, "LC_ALL": "C.UTF-8", **(extra or {})},
        capture_output=True, text=True, timeout=CAP_S, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"{name}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
