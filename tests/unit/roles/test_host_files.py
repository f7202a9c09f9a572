# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles host_tuning and hardening write for hosts of different kinds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .ansible_runs import ROOT, failures, run_playbook

TUNING = "etc/sysctl.d/81-modemfarm-tuning.conf"
HARDENING = "etc/sysctl.d/82-modemfarm-hardening.conf"
SSH = "etc/ssh/sshd_config.d/10-modemfarm.conf"
SMALL = {"interface": "lan0", "address": "192.168.1.100", "network": "192.168.1.0/24"}
WIDE = {"interface": "lan0", "address": "10.2.0.5", "network": "10.2.0.0/20"}
KEY = {"wgrp": False, "woth": False}


def _sshd(keys: list[dict[str, bool]], methods: str = "any") -> dict[str, Any]:
    """What the role has found out about sshd and the user that logs in."""
    return {
        "hardening_sshd_output": {"rc": 0, "stdout_lines": [f"authenticationmethods {methods}"]},
        "hardening_keys_output": {"results": [{"files": keys}, {"matched": 1}]},
        "ansible_user": "admin",
    }


HOSTS: dict[str, dict[str, Any]] = {
    "small": _sshd([KEY]),
    "wide": _sshd([]) | {"test_addresses": [WIDE], "farm_lan_address": "10.2.0.5"},
    "rich": _sshd([{"wgrp": True, "woth": False}])
    | {
        "test_kernel": [
            "net.netfilter.nf_conntrack_max = 262144",
            "kernel.threads-max = 20096",
            "kernel.pid_max = 4194304",
        ]
    },
    "two-factors": _sshd([KEY], "publickey,keyboard-interactive"),
    "root": _sshd([KEY]) | {"ansible_user": "root"},
    "root-no-key": _sshd([]) | {"ansible_user": "root"},
    "told": _sshd([])
    | {
        "hardening_ssh_password_login": "never",
        "hardening_ssh_overrides": {"AllowTcpForwarding": "no", "LogLevel": None},
        "hardening_sysctl_overrides": {"kernel.sysrq": None, "kernel.kptr_restrict": 2},
        "host_tuning_sysctl_overrides": {"kernel.threads-max": 99999, "kernel.pid_max": None},
    },
    "many": _sshd([KEY]) | {"farm_slots": 100, "farm_max_connections": 1000},
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, dict[str, str]]]:
    """Host → file → its lines as {name: value}."""
    work = tmp_path_factory.mktemp("hosts")
    common = {"farm_lan_address": "192.168.1.100", "farm_distribution": "Debian 12"}
    hosts = {
        name: common
        | {
            "test_addresses": [SMALL],
            "host_tuning_read": {"stdout_lines": values.get("test_kernel", [])},
            "test_target": str(work / name),
        }
        | values
        for name, values in HOSTS.items()
    }
    templates = [
        {"src": str(ROOT / f"roles/{role}/templates/{path}.j2"), "name": Path(path).name}
        for role, path in (("host_tuning", TUNING), ("hardening", HARDENING), ("hardening", SSH))
    ]
    playbook = Path(__file__).parent / "host_files.yml"
    extra = {"test_templates": templates, "farm_host_addresses": "{{ test_addresses }}"}
    result = run_playbook(playbook, hosts, extra, work)
    assert failures(result) == {}
    return {
        name: {
            path: _lines(Path(f"{work / name}.{Path(path).name}").read_text())
            for path in (TUNING, HARDENING, SSH)
        }
        for name in HOSTS
    }


def _lines(text: str) -> dict[str, str]:
    rows = (line.replace(" = ", " ").split(" ", 1) for line in text.splitlines() if line[0] != "#")
    return dict(row for row in rows)


def test_limits_follow_the_number_of_connections(written: Any) -> None:
    small, many = written["small"][TUNING], written["many"][TUNING]
    assert small["net.netfilter.nf_conntrack_max"] == "128000"
    assert small["kernel.threads-max"] == "20096"
    assert many["net.netfilter.nf_conntrack_max"] == "800000"
    assert many["kernel.threads-max"] == "104096"


def test_a_limit_that_the_kernel_meets_is_left_alone(written: Any) -> None:
    rich = written["rich"][TUNING]
    assert "net.netfilter.nf_conntrack_max" not in rich
    assert "kernel.pid_max" not in rich
    assert rich["kernel.threads-max"] == "20096"  # as an earlier run has set it


def test_neighbours_are_for_lans_that_need_them(written: Any) -> None:
    assert not [name for name in written["small"][TUNING] if "gc_thresh" in name]
    wide = written["wide"][TUNING]
    assert [wide[f"net.ipv4.neigh.default.gc_thresh{n}"] for n in (1, 2, 3)] == [
        "4096",
        "8192",
        "16384",
    ]


@pytest.mark.parametrize(
    ("host", "root", "passwords"),
    [
        ("small", "no", "no"),
        ("wide", "no", None),
        ("rich", "no", None),  # sshd ignores a file of keys that a group may write
        ("two-factors", "no", None),
        ("root", "prohibit-password", "no"),
        ("root-no-key", None, None),
        ("told", "no", "no"),
    ],
)
def test_nobody_is_locked_out(
    written: Any, host: str, root: str | None, passwords: str | None
) -> None:
    options = written[host][SSH]
    assert options.get("PermitRootLogin") == root
    assert options.get("PasswordAuthentication") == passwords
    assert options.get("KbdInteractiveAuthentication") == passwords
    assert not {"Port", "ListenAddress", "AllowUsers"} & set(options)


def test_single_values_are_changed_or_left_out(written: Any) -> None:
    told = written["told"]
    assert told[SSH]["AllowTcpForwarding"] == "no"
    assert "LogLevel" not in told[SSH]
    assert "kernel.sysrq" not in told[HARDENING]
    assert told[HARDENING]["kernel.kptr_restrict"] == "2"
    assert told[TUNING]["kernel.threads-max"] == "99999"
    assert "kernel.pid_max" not in told[TUNING]


def test_modems_keep_their_loose_filter(written: Any) -> None:
    """A star here would overwrite what roles/routing says of modems, whose file comes before."""
    names = written["small"][HARDENING]
    assert [name for name in names if "rp_filter" in name] == [
        "net.ipv4.conf.all.rp_filter",
        "net.ipv4.conf.default.rp_filter",
    ]
