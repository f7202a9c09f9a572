# SPDX-License-Identifier: GPL-3.0-or-later
"""Role api writes user, settings, CA, certificate and unit; a second run changes nothing.

Everything is in a mount namespace of its own: /etc and /var there are copies above this machine's.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NEEDS = ("unshare", "systemd-sysusers", "openssl", "systemd-analyze")
SCRIPT = """
set -eu
mount -t tmpfs tmpfs "$1"
for name in etc var; do
    mkdir "$1/$name" "$1/$name.work"
    mount -t overlay overlay -o "lowerdir=/$name,upperdir=$1/$name,workdir=$1/$name.work" "/$name"
done
mkdir -p /etc/modemfarm /etc/sysusers.d
play() {
    ANSIBLE_CONFIG="$2/ansible.cfg" "$3/ansible-playbook" -i localhost, -e "$4" \
        "$2/tests/integration/roles/api.yml"
}
play "$@"
play "$@"
cd /etc/modemfarm/tls
stat -c '%n %a %U %G' ca/ca.key api.key api.pem ca.pem
openssl verify -x509_strict -purpose sslserver -verify_ip 192.168.1.100 \
    -verify_hostname farm.lan -CAfile ca.pem api.pem
openssl verify -CAfile ca.pem -verify_ip 192.168.1.101 api.pem || echo 'not for others'
cat /etc/modemfarm/api.json
systemd-analyze security --no-pager --offline=true /etc/systemd/system/modemfarm-api.service
"""


def test_what_it_writes_and_that_it_writes_it_once(tmp_path: Path) -> None:
    if os.geteuid() != 0 or any(shutil.which(name) is None for name in NEEDS):
        pytest.skip(f"needs root and {', '.join(NEEDS)}")
    extra = {
        "ansible_python_interpreter": sys.executable,
        "farm_predicting": False,
        "farm_lan_address": "192.168.1.100",
        "api_clients": ["192.168.1.0/24"],
        "api_names": ["farm.lan"],
        "api_unit_output": {"stat": {"exists": False}},  # no systemd here that could restart it
    }
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", SCRIPT, "sh", str(tmp_path), str(ROOT),
         str(Path(sys.executable).parent), json.dumps(extra)],
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    if "mount:" in done.stderr:
        pytest.skip("no overlay may be mounted here")
    assert done.returncode == 0, said
    changed = re.findall(r"changed=(\d+) .* failed=(\d+)", done.stdout)
    assert [failed for _, failed in changed] == ["0", "0"], said
    assert int(changed[0][0]) >= 8
    assert changed[1][0] == "0", said
    for line in (
        "ca/ca.key 600 root root", "api.key 640 root modemfarm-api", "api.pem 644 root root",
        "ca.pem 644 root root", "api.pem: OK", "not for others",
    ):  # fmt: skip
        assert line in done.stdout, said
    found = re.search(r"Overall exposure level for modemfarm-api\.service: ([0-9.]+)", done.stdout)
    assert found, said
    assert float(found[1]) <= 2.0, said
    assert not Path("/etc/systemd/system/modemfarm-api.service").exists()
