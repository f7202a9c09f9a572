# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input of host_tuning, hardening and of PostgreSQL's logins is refused by name, value and what
is allowed. A run of its own with these checks alone: all checks for all cases take minutes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .ansible_runs import failures, run_playbook
from .test_preflight import Case

LAN = {"interface": "lan0", "address": "192.168.1.100", "network": "192.168.1.0/24"}
GOOD = {"farm_lan_address": "192.168.1.100", "farm_distribution": "Debian 12"}
OTHERS: dict[str, dict[str, Any]] = {
    "good": {},
    "all-changed": {
        "host_tuning_sysctl_overrides": {"kernel.pid_max": 99999, "vm.swappiness": None},
        "host_tuning_journal_size": "500M",
        "hardening_sysctl_overrides": {"net.ipv4.conf.*.rp_filter": 0, "kernel.sysrq": None},
        "hardening_blocked_modules": [],
        "hardening_umask": "027",
        "hardening_ssh_overrides": {"AllowTcpForwarding": "no", "PermitRootLogin": None},
        "hardening_ssh_password_login": "unchanged",
        "postgresql_clients": ["192.168.1.0/24"],
        "postgresql_listen_addresses": ["192.168.1.100"],
    },
}
CASES = (
    Case(
        "tuning-parameter",
        {"host_tuning_sysctl_overrides": {"kernel.pid_max": "1\nkernel.sysrq = 1"}},
        ("host_tuning_sysctl_overrides is", "kernel.pid_max", "allowed", "null to leave it out"),
    ),
    Case(
        "tuning-name",
        {"host_tuning_sysctl_overrides": {"threads": 5}},
        ("host_tuning_sysctl_overrides is", "threads", "allowed: names of kernel parameters"),
    ),
    Case(
        "journal-size",
        {"host_tuning_journal_size": "4 GB"},
        ("host_tuning_journal_size is '4 GB'", "allowed: a size such as 500M"),
    ),
    Case(
        "journal-days",
        {"host_tuning_journal_days": 0},
        ("host_tuning_journal_days is 0", "1 to 3650 days"),
    ),
    Case(
        "hardening-parameter",
        {"hardening_sysctl_overrides": {"kernel/../x y": 1}},
        ("hardening_sysctl_overrides is", "x y", "allowed"),
    ),
    Case(
        "module",
        {"hardening_blocked_modules": ["sctp /bin/true\ninstall ext4"]},
        ("hardening_blocked_modules is", "ext4", "allowed", "names of modules"),
    ),
    Case(
        "upgrade-time",
        {"hardening_upgrade_time": "25:00"},
        ("hardening_upgrade_time is '25:00'", "allowed: HH:MM"),
    ),
    Case(
        "upgrade-origin",
        {"hardening_upgrade_origins": ['origin=Debian"; Evil "1']},
        ("hardening_upgrade_origins is", "Evil", "allowed", "origin=Debian,label"),
    ),
    Case("umask", {"hardening_umask": "27"}, ("hardening_umask is '27'", "such as 027")),
    Case(
        "ssh-port",
        {"hardening_ssh_overrides": {"Port": 2222}},
        ("hardening_ssh_overrides is", "Port", "allowed", "not addressfamily", "who gets in"),
    ),
    Case(
        "ssh-boolean",
        {"hardening_ssh_overrides": {"X11Forwarding": True}},
        ("hardening_ssh_overrides is", "X11Forwarding", '"yes" and "no" in quotes'),
    ),
    Case(
        "ssh-line",
        {"hardening_ssh_overrides": {"Banner": "none\nPort 2222"}},
        ("hardening_ssh_overrides is", "one line"),
    ),
    Case(
        "ssh-password",
        {"hardening_ssh_password_login": "sometimes"},
        ("hardening_ssh_password_login", "must be one of: auto, never, unchanged"),
    ),
    Case(
        "database-clients",
        {"postgresql_clients": ["192.168.1.0/24"]},
        (
            "postgresql_listen_addresses is []",
            "postgresql_clients is ['192.168.1.0/24']",
            "allowed",
        ),
    ),
    Case(
        "database-address",
        {"postgresql_clients": ["10.0.0.0/8"], "postgresql_listen_addresses": ["0.0.0.0"]},
        ("postgresql_listen_addresses is ['0.0.0.0']", "allowed", "192.168.1.100"),
    ),
)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One run of these checks, with one host for each case."""
    hosts = {case.name: GOOD | case.values for case in CASES}
    hosts |= {name: GOOD | values for name, values in OTHERS.items()}
    playbook = Path(__file__).parent / "host_preflight.yml"
    extra = {"farm_host_addresses": [LAN], "farm_installed_packages": []}
    return run_playbook(playbook, hosts, extra, tmp_path_factory.mktemp("run"), "--check")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_input_is_refused(result: dict[str, Any], case: Case) -> None:
    message = failures(result).get(case.name, "not refused")
    assert [part for part in case.says if part not in message] == [], message


@pytest.mark.parametrize("name", OTHERS)
def test_good_input_passes(result: dict[str, Any], name: str) -> None:
    assert failures(result).get(name) is None
    assert result["stats"][name]["failures"] == 0
    assert result["stats"][name]["changed"] == 0
