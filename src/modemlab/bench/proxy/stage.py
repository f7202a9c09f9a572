# SPDX-License-Identifier: GPL-3.0-or-later
"""A host between a LAN and a carrier, in network namespaces, bare or with the farm's guard.

The guard and the rules are those of role routing, rendered by Ansible, loaded by its program.
All slots leave by one veth pair: what they cost is the number of rules and elements, not of links.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from modemfarm.settings import FarmSettings

from ...host.errors import LabError
from .load import TARGET, inside

ROOT = Path(__file__).parents[4]
LAN, CARRIER = "192.168.1.100", "10.64.1.1"
UPLINK = "wwan0"
TABLE_BASE, UID_BASE = 1000, 61000
RENDER_S = 120
_PLAY = """
- hosts: modem_hosts
  gather_facts: false
  vars: {farm_phases: []}
  roles: [farm, routing]
  tasks:
    - ansible.builtin.template:
        src: "{{ bench_templates }}/{{ item }}.j2"
        dest: "{{ bench_target }}/{{ item | basename }}"
      loop: [etc/modemfarm/guard.nft, usr/libexec/modemfarm/routing]
"""


@dataclass(frozen=True)
class Stage:
    """Namespaces by their part; `modems` of them have rules and an element of the guard."""

    name: str
    modems: int

    @property
    def host(self) -> str:
        """Where proxies run."""
        return f"{self.name}h"

    @property
    def lan(self) -> str:
        """Where clients run."""
        return f"{self.name}l"

    @property
    def carrier(self) -> str:
        """Where the target is."""
        return f"{self.name}c"


def settings(slots: int) -> FarmSettings:
    """Those of a farm on this stage; more slots than a host may have are rules, not proxies."""
    document = {
        "version": 1, "host": "bench", "engine": "threeproxy", "lan_address": LAN,
        "lan_interface": "lan0", "clients": ["192.168.1.0/24"], "nameservers": ["203.0.113.53"],
        "apn": "internet", "probe_url": f"http://{TARGET}/", "slots": slots,
    }  # fmt: skip
    return FarmSettings.from_dict(document)


@contextmanager
def stage(label: str, modems: int) -> Iterator[Stage]:
    """Build one; without `modems` nothing of the farm is in it."""
    made = Stage(f"mfb{os.getpid() % 100000}{label}", modems)
    try:
        _build(made)
        if modems:
            _guard(made)
        yield made
    finally:
        for name in (made.host, made.lan, made.carrier):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


def _build(made: Stage) -> None:
    for name in (made.host, made.lan, made.carrier):
        _run("ip", "netns", "add", name)
        _in(name, "ip link set lo up")
    _wire(made.host, "lan0", f"{LAN}/24", made.lan, "192.168.1.1/24")
    _wire(made.host, UPLINK, "10.64.1.2/30", made.carrier, f"{CARRIER}/30")
    _in(made.carrier, f"ip address add {TARGET}/32 dev lo")
    if not made.modems:
        _in(made.host, f"ip route add default via {CARRIER} dev {UPLINK}")
    for slot in range(1, made.modems + 1):
        _in(made.host, f"ip route add default via {CARRIER} dev {UPLINK} table {TABLE_BASE + slot}")


def _wire(near: str, link: str, address: str, far: str, far_address: str) -> None:
    _in(near, f"ip link add {link} type veth peer name p-{link} netns {far}")
    for name, where, what in ((near, link, address), (far, f"p-{link}", far_address)):
        _in(name, f"ip address add {what} dev {where}")
        _in(name, f"ip link set {where} up")


def _guard(made: Stage) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _render(made.modems, folder)
        program = folder / "routing"
        text = program.read_text().replace("/etc/modemfarm/guard.nft", str(folder / "guard.nft"))
        program.write_text(text)
        _run(*inside(made.host, "sh", str(program)))
    # The names of links that are not there cost as much as those of links that are.
    elements = ", ".join(f'{UID_BASE + slot} . "{UPLINK}"' for slot in range(1, made.modems + 1))
    transaction = f"add element inet modemfarm_guard uplinks {{ {elements} }}\n"
    _run(*inside(made.host, "nft", "-f", "-"), text=transaction)


def _render(modems: int, folder: Path) -> None:
    lan = {"interface": "lan0", "address": LAN, "network": "192.168.1.0/24"}
    variables = {
        "farm_lan_address": LAN, "farm_distribution": "Debian 12", "farm_slots": modems,
        "farm_host_addresses": [lan], "bench_target": str(folder),
        "bench_templates": str(ROOT / "roles/routing/templates"), "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable, "ansible_become": False,
    }  # fmt: skip
    (folder / "variables.json").write_text(json.dumps(variables))
    (folder / "play.yml").write_text(_PLAY)
    (folder / "hosts.yml").write_text("modem_hosts: {hosts: {bench: {}}}\n")
    environment = {
        **os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_ROLES_PATH": str(ROOT / "roles"), "ANSIBLE_HOME": str(folder / "ansible"),
    }  # fmt: skip
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(folder / "hosts.yml"),
         "-e", f"@{folder / 'variables.json'}", str(folder / "play.yml")],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=RENDER_S, check=False,
    )  # fmt: skip
    if done.returncode:
        raise LabError(f"the guard cannot be rendered: {done.stdout[-800:]}{done.stderr[-200:]}")


def _in(namespace: str, words: str) -> None:
    _run(*inside(namespace, *words.split()))


def _run(*command: str, text: str = "") -> None:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"{' '.join(command)}: {done.stderr.strip()[-300:]}")
