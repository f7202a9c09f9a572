# SPDX-License-Identifier: GPL-3.0-or-later
"""modem_apply in Ansible's own process and as a module: the same answer, told apart by its pid."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Apply
      modem_apply:
        settings: "{{ settings }}"
        wait: "{{ wait | default(1) }}"
"""


def play(tmp_path: Path, interpreter: str, **variables: object) -> tuple[str, str]:
    """Run the play; (standard output, how many module processes it says it started)."""
    (tmp_path / "play.yml").write_text(PLAY)
    values = {"ansible_python_interpreter": interpreter, **variables}
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("ansible-playbook")),
            "-vvv", "-i", "localhost,", "-e", json.dumps(values), str(tmp_path / "play.yml"),
        ],
        env={**os.environ, "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 2, done.stdout + done.stderr
    return done.stdout, "EXEC" if "> EXEC " in done.stdout else ""


@pytest.mark.parametrize(
    ("interpreter", "process"), [(sys.executable, ""), ("/usr/bin/python3", "EXEC")]
)
def test_both_ways_answer_alike(tmp_path: Path, interpreter: str, process: str) -> None:
    missing = str(tmp_path / "farm.json")
    output, started = play(tmp_path, interpreter, settings=missing)
    assert "run the role farm on this host" in output
    assert missing in output
    assert started == process


@pytest.mark.parametrize("interpreter", [sys.executable, "/usr/bin/python3"])
def test_both_ways_check_the_arguments(tmp_path: Path, interpreter: str) -> None:
    output, _ = play(tmp_path, interpreter, settings="/nowhere", wait=601)
    assert "allowed: 0 to 600" in output
