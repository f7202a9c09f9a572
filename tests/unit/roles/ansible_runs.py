# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible-playbook against this machine, unprivileged, and read what it did as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
PLAYBOOK_TIMEOUT_S = 600  # ends one that hangs; a busy machine takes ten times the usual 20 s


def run_playbook(
    playbook: Path,
    hosts: dict[str, dict[str, Any]],
    extra: dict[str, Any],
    work: Path,
    *options: str,
) -> dict[str, Any]:
    """Run `playbook` on `hosts` (name → variables), all of them this machine.

    Returns the document of the json callback with the exit code as `rc` added.
    """
    local = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "ansible_become": False,
    }
    inventory = work / "inventory.json"
    groups = {"modem_hosts": {"hosts": {name: local | values for name, values in hosts.items()}}}
    inventory.write_text(json.dumps(groups))
    variables = work / "extra.json"
    variables.write_text(json.dumps(extra))
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_HOME": str(work / "ansible"),
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        "ANSIBLE_FORKS": "4",
        "ANSIBLE_NOCOLOR": "1",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin:/sbin",
    }
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "ansible-playbook"),
            f"--inventory={inventory}",
            f"--extra-vars=@{variables}",
            *options,
            str(playbook),
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PLAYBOOK_TIMEOUT_S,
        check=False,
    )
    start = done.stdout.find("{\n")
    assert start >= 0, done.stdout + done.stderr
    return {**json.loads(done.stdout[start:]), "rc": done.returncode}


def failures(result: dict[str, Any]) -> dict[str, str]:
    """The message of the failed task, by host."""
    found: dict[str, str] = {}
    for play in result["plays"]:
        for task in play["tasks"]:
            for host, outcome in task["hosts"].items():
                if outcome.get("failed"):
                    items = [item for item in outcome.get("results", ()) if item.get("failed")]
                    found[host] = " ".join(str(item["msg"]) for item in items or [outcome])
    return found
