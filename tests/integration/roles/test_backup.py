# SPDX-License-Identifier: GPL-3.0-or-later
"""Role backup writes user, folder, keys and units on a real /etc, and a second run changes nothing.

Everything is in a mount namespace of its own: /etc and /var there are copies above this machine's.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
KEY = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
NEEDS = ("unshare", "systemd-sysusers", "systemd-tmpfiles")
LAYERS = """
set -eu
mount -t tmpfs tmpfs "$1"
for name in etc var; do
    mkdir "$1/$name" "$1/$name.work"
    mount -t overlay overlay -o "lowerdir=/$name,upperdir=$1/$name,workdir=$1/$name.work" "/$name"
done
"""
LOOK = """
stat -c '%n %a %U %G' /var/backups/modemfarm /etc/modemfarm/backup-recipients
getent passwd modemfarm-backup
"""
Inside = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture
def inside(tmp_path: Path) -> Inside:
    if os.geteuid() != 0 or any(shutil.which(name) is None for name in NEEDS):
        pytest.skip(f"needs root and {', '.join(NEEDS)}")

    def run(script: str) -> subprocess.CompletedProcess[str]:
        command = ["unshare", "--mount", "sh", "-c", LAYERS + script, "sh", str(tmp_path)]
        return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)

    if run("").returncode:
        pytest.skip("no overlay may be mounted here")
    return run


def test_a_second_run_changes_nothing(inside: Inside, tmp_path: Path) -> None:
    extra = {
        "backup_recipients": [KEY],
        "ansible_python_interpreter": sys.executable,
        "farm_predicting": True,  # there is no systemd here whose timer could be restarted
    }
    play = (
        f"ANSIBLE_CONFIG={ROOT}/ansible.cfg {Path(sys.executable).parent}/ansible-playbook"
        f" -i localhost, -e '{json.dumps(extra)}' {Path(__file__).parent}/backup.yml"
    )
    done = inside(
        f"mkdir -p /etc/modemfarm /etc/sysusers.d\n{play} --check --diff\n{play}\n{play}\n{LOOK}"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    changed = re.findall(r"changed=(\d+) .* failed=(\d+)", done.stdout)
    assert [failed for _, failed in changed] == ["0", "0", "0"]
    foretold, made, again = (int(number) for number, _ in changed)
    assert 0 < foretold == made - 1  # the user is made by a command, which a check leaves out
    assert again == 0
    assert "/var/backups/modemfarm 700 modemfarm-backup modemfarm-backup" in done.stdout
    assert "/etc/modemfarm/backup-recipients 644 root root" in done.stdout
    assert ":/var/backups/modemfarm:/usr/sbin/nologin" in done.stdout
    assert not Path("/etc/systemd/system/modemfarm-backup.timer").exists()
