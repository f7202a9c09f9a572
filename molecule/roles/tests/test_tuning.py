# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: S101 - these are tests
"""Limits that a container has for itself, and the journal."""

import time
from collections.abc import Callable

from modemlab.baseline.host import Host

FLUSH_S = 20


def test_dead_connections_leave_the_table(state: Host) -> None:
    prefix = "net.netfilter.nf_conntrack_tcp_timeout"
    assert state.sysctl[f"{prefix}_established"] == "7440"
    assert state.sysctl[f"{prefix}_time_wait"] == "60"


def test_the_journal_is_on_disk(root: Callable[[str], str]) -> None:
    root("logger --tag farm-test hello")
    end = time.monotonic() + FLUSH_S
    while not root(
        "journalctl --directory=/var/log/journal --identifier=farm-test --quiet"
    ).strip():
        assert time.monotonic() < end
        time.sleep(0.2)


def test_the_journal_keeps_thirty_days(root: Callable[[str], str]) -> None:
    lines = root("systemd-analyze cat-config systemd/journald.conf").splitlines()
    said = dict(line.split("=", 1) for line in lines if "=" in line and line[0] not in "#;")
    assert said["MaxRetentionSec"] == "30day"
    assert said["MaxFileSec"] == "1day"  # whole files are deleted
    assert said["SystemMaxUse"] == "4G"
