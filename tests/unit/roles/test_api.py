# SPDX-License-Identifier: GPL-3.0-or-later
"""What role api refuses before anything is changed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
FARM = {
    "version": 1, "host": "lab", "engine": "threeproxy", "lan_address": "192.168.1.100",
    "lan_interface": "lan0", "clients": ["192.168.1.0/24"], "nameservers": ["9.9.9.9"],
    "apn": "internet", "probe_url": "http://probe.example/", "database": "dbname=modemfarm",
}  # fmt: skip
API = {
    "version": 1, "certificate": "/etc/modemfarm/tls/api.pem", "port": 8443, "origins": [],
    "private_key": "/etc/modemfarm/tls/api.key", "clients": ["192.168.1.0/24"],
    "metrics_clients": ["192.168.1.5/32"],
}  # fmt: skip


def check(api: dict[str, Any], certificate: str = "", key: str = "") -> tuple[int, str]:
    said = {"farm": FARM, "api": API | api, "certificate": certificate, "private_key": key}
    done = subprocess.run(
        [sys.executable, ROOT / "roles/api/files/check_settings.py"],
        input=json.dumps(said), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stderr


def test_good_settings() -> None:
    assert check({}) == (0, "")
    assert check({"clients": [], "metrics_clients": ["192.168.1.100/32"]}) == (0, "")


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"port": 80}, "port is 80"), ({"port": "8443"}, "port is '8443'"),
        ({"port": 3130}, "port is 3130"), ({"clients": ["192.168.1.1/24"]}, "clients is"),
        ({"clients": "192.168.1.0/24"}, "clients is"), ({"clients": ["::/0"]}, "clients is"),
        ({"metrics_clients": ["10.0.0.0/8"]}, "metrics_clients is '10.0.0.0/8'"),
        ({"metrics_clients": ["192.168.0.0/16"]}, "metrics_clients is"),
        ({"origins": ["http://noc.example"]}, "origins is"), ({"origins": ["*"]}, "origins is"),
        ({"more": 1}, "field name is 'more'"),
    ],
)  # fmt: skip
def test_bad_settings_are_refused_by_name(changes: dict[str, Any], part: str) -> None:
    code, said = check(changes)
    assert code == 1
    assert part in said
    assert "Traceback" not in said


def test_a_given_certificate_needs_its_key(tmp_path: Path) -> None:
    for certificate, key in (("/nowhere", "/nowhere"), (__file__, ""), (__file__, __file__)):
        code, said = check({}, certificate, key)
        assert code == 1
        assert "api_" in said
        assert "Traceback" not in said
