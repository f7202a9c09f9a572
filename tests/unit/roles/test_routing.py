# SPDX-License-Identifier: GPL-3.0-or-later
"""The program of role routing, run for real in an empty network of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .ansible_runs import ROOT

TOOLS = ("ip", "nft", "unshare")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or any(shutil.which(tool, path=PATH) is None for tool in TOOLS),
    reason=f"needs root and {', '.join(TOOLS)}",
)
RULES = [
    "501 from all fwmark 0x4d460001 lookup 1001",
    "502 from all fwmark 0x4d460002 lookup 1002",
    "503 from all fwmark 0x4d460003 lookup 1003",
    "504 from all fwmark 0x4d460004 lookup 1004",
    "1000 from 192.168.1.100 lookup 254",
    "2001 from all uidrange 61001-61001 lookup 1001",
    "2002 from all uidrange 61002-61002 lookup 1002",
    "2003 from all uidrange 61003-61003 lookup 1003",
    "2004 from all uidrange 61004-61004 lookup 1004",
    "2999 from all uidrange 61001-61004 7",
]
SHOW = "ip -N rule show | grep -v lookup.25[35] | grep -v ^32766"


@pytest.fixture
def program(rendered: Path, tmp_path: Path) -> Path:
    """The program, reading the guard where it was rendered."""
    text = (rendered / "usr/libexec/modemfarm/routing").read_text()
    path = tmp_path / "routing"
    path.write_text(text.replace("/etc/modemfarm/guard.nft", f"{rendered}/etc/modemfarm/guard.nft"))
    return path


def _in_network(script: str) -> list[str]:
    done = subprocess.run(
        ["unshare", "--net", "sh", "-euc", script],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={"PATH": PATH},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [" ".join(line.replace(":", "").split()) for line in done.stdout.splitlines()]


def test_first_run_makes_all_rules(program: Path) -> None:
    assert _in_network(f"sh {program}; {SHOW}") == RULES


def test_second_run_changes_nothing(program: Path) -> None:
    watched = f"sh {program}; ip monitor rule >$0.log & sh {program}; kill $!; cat $0.log; {SHOW}"
    assert _in_network(watched.replace("$0", str(program))) == RULES


def test_lost_and_foreign_rules_are_put_right_and_others_left(program: Path) -> None:
    script = f"""
    sh {program}
    ip rule del pref 2999
    ip rule del pref 2002
    ip rule del pref 502
    ip rule add pref 2050 uidrange 61050-61050 lookup 1050
    ip rule add pref 1500 from 10.9.9.9 lookup 77
    sh {program}
    {SHOW}
    """
    assert _in_network(script) == [*RULES[:5], "1500 from 10.9.9.9 lookup 77", *RULES[5:]]


def test_ipv6_is_closed(program: Path) -> None:
    shown = _in_network(f"sh {program}; ip -6 rule show pref 2999")
    assert shown == ["2999 from all uidrange 61001-61004 unreachable"]


def test_reload_keeps_the_uplinks(program: Path) -> None:
    script = f"""
    sh {program}
    nft add element inet modemfarm_guard uplinks '{{ 61001 . "wwan0" }}'
    sh {program}
    nft list set inet modemfarm_guard uplinks
    nft list chain inet modemfarm_guard output | grep -c skuid
    """
    shown = _in_network(script)
    assert 'elements = { 61001 . "wwan0" }' in shown
    assert shown[-1] == "1"


STEPS = ("stop", "start", "reload", "stop")


def test_nftables_service_never_takes_the_guard_away(program: Path, tmp_path: Path) -> None:
    """What its drop-in runs: other tables come and go, the guard and its elements stay."""
    own = tmp_path / "nftables.conf"
    own.write_text("#!/usr/sbin/nft -f\nflush ruleset\ntable inet filter { }\n")
    text = program.read_text()
    program.write_text(text.replace("/etc/nftables.conf", str(own)))
    steps = "\n".join(f"sh {program} nftables {step}; nft list tables" for step in STEPS)
    script = f"""
    sh {program}
    nft add element inet modemfarm_guard uplinks '{{ 61001 . "wwan0" }}'
    {steps}
    nft list set inet modemfarm_guard uplinks
    nft list chain inet modemfarm_guard output | grep -c skuid
    """
    shown = _in_network(script)
    guard, other = "table inet modemfarm_guard", "table inet filter"
    assert shown[:6] == [guard, other, guard, other, guard, guard]
    assert 'elements = { 61001 . "wwan0" }' in shown
    assert shown[-1] == "1"


def test_a_bad_configuration_of_nftables_leaves_all_as_it_was(
    program: Path, tmp_path: Path
) -> None:
    own = tmp_path / "nftables.conf"
    own.write_text("flush ruleset\nnonsense\n")
    program.write_text(program.read_text().replace("/etc/nftables.conf", str(own)))
    script = f"""
    sh {program}
    nft add table inet filter
    ! sh {program} nftables start 2>/dev/null
    nft list tables
    ! sh {program} nftables restart
    """
    assert _in_network(script) == ["table inet modemfarm_guard", "table inet filter"]


def test_a_bad_guard_keeps_the_hosts_own_rules_at_boot_and_changes_nothing_later(
    program: Path, tmp_path: Path
) -> None:
    own, bad = tmp_path / "nftables.conf", tmp_path / "bad.nft"
    own.write_text("flush ruleset\ntable inet filter { }\n")
    bad.write_text("nonsense\n")
    text = program.read_text().replace("/etc/nftables.conf", str(own))
    program.write_text(text)
    broken = tmp_path / "broken"
    broken.write_text(re.sub(r"/\S+/guard\.nft", str(bad), text))
    script = f"""
    ! sh {broken} nftables start 2>/dev/null
    nft list tables; echo boot
    nft flush ruleset
    sh {program}
    nft add table inet mine
    ! sh {broken} nftables start 2>/dev/null
    ! sh {broken} nftables stop 2>/dev/null
    nft list tables
    """
    guard = "table inet modemfarm_guard"
    assert _in_network(script) == ["table inet filter", "boot", guard, "table inet mine"]


# The apply code, in the network in which it runs: says what a slot lacks, and mends it.
MEND = """
from modemfarm.apply.netlink import Netlink
from modemfarm.apply.rules import slot_changes
from modemfarm.settings import FarmSettings
settings = FarmSettings("lab", "threeproxy", "192.168.1.100", "lan0", (), (), "internet", "")
link = Netlink()
for change in slot_changes(link.rules(), settings.slot(2)):
    print("lacks" if change.add else "has", change.rule.arguments())
    link.change_rule(change.rule, change.add)
"""


@pytest.mark.parametrize("preference", [502, 2002])
def test_apply_wants_the_same_rules_and_mends_each(
    program: Path, tmp_path: Path, preference: int
) -> None:
    file = tmp_path / "mend.py"
    file.write_text(MEND)
    mend = f"PYTHONPATH={ROOT / 'src'} {sys.executable} {file}"
    assert _in_network(f"sh {program}; {mend}; {SHOW}") == RULES
    (gone,) = [rule for rule in RULES if rule.startswith(str(preference))]
    lacks = f"lacks pref {gone.replace(' from all', '')}"
    script = f"sh {program}; ip rule del pref {preference}; {mend}; {SHOW}"
    assert _in_network(script) == [lacks, *RULES]
