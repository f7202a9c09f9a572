# SPDX-License-Identifier: GPL-3.0-or-later
"""Controls are complete, each has one place, and a waiver that is not needed fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from modemlab.baseline import linux, postgres, ssh
from modemlab.baseline.control import Control, judge, left_out, waivers
from modemlab.baseline.host import Host

BASELINES = {"linux": linux.CONTROLS, "ssh": ssh.CONTROLS, "postgres": postgres.CONTROLS}
# The numbers of dev-sec's baselines: linux 537b84c, ssh 975dff3, postgres 92b8ab1.
NUMBERS = {
    "linux": [f"sysctl-{n:02}" for n in range(1, 36) if n not in (18, 31)]
    + ["sysctl-31a", "sysctl-31b", "os-03b", "os-05b"]
    + [f"os-{n:02}" for n in range(1, 17) if n != 8]
    + [f"package-{n:02}" for n in range(1, 10) if n not in (4, 7)],
    "ssh": [f"sshd-{n:02}" for n in range(1, 51) if n != 26],
    "postgres": [f"postgres-{n:02}" for n in range(2, 21) if n != 16] + ["postgres-16-connections"],
}
HOST = Host(lambda line: "", "admin")
KEPT = Control("k-01", "kept", lambda host: "")
BROKEN = Control("b-01", "a promise", lambda host: "something else")
KERNEL = Control("w-01", "of the kernel", lambda host: "something else", whole_kernel=True)


@pytest.mark.parametrize("baseline", BASELINES)
def test_every_control_of_the_baseline_is_judged_or_left_out_with_a_reason(baseline: str) -> None:
    judged = [control.number for control in BASELINES[baseline]]
    assert len(judged) == len(set(judged))
    out = left_out(baseline)
    assert not set(judged) & set(out)
    assert all(len(reason.split()) >= 3 for reason in out.values())
    assert set(NUMBERS[baseline]) <= set(judged) | set(out)
    assert set(out) <= set(NUMBERS[baseline])


@pytest.mark.parametrize("baseline", BASELINES)
def test_waivers_are_few_and_of_controls_that_there_are(baseline: str) -> None:
    judged = {control.number for control in BASELINES[baseline]}
    assert set(waivers(baseline)) <= judged
    assert len(waivers(baseline)) < len(judged) / 3


def test_broken_and_kept() -> None:
    verdict = judge(HOST, (KEPT, BROKEN), {})
    assert verdict.kept == ["k-01"]
    assert verdict.broken == {"b-01": "a promise: something else"}


def test_a_waiver_is_for_what_is_broken_only() -> None:
    verdict = judge(HOST, (KEPT, BROKEN), {"k-01": "no reason any more", "b-01": "a reason"})
    assert verdict.waived == ["b-01"]
    assert verdict.needless == {"k-01": "no reason any more"}
    assert verdict.broken == {}


def test_a_container_is_not_judged_by_its_hosts_kernel() -> None:
    assert judge(HOST, (KERNEL,), {}, container=True).not_judged == ["w-01"]
    assert "w-01" in judge(HOST, (KERNEL,), {}).broken


def test_a_waiver_of_nothing_is_an_error() -> None:
    with pytest.raises(KeyError, match="z-99"):
        judge(HOST, (KEPT,), {"z-99": "for a control that is gone"})


def test_a_waiver_without_a_reason_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "waivers.yml"
    file.write_text("linux: {waived: {sysctl-01: because}}\n")
    with pytest.raises(ValueError, match="sysctl-01"):
        waivers("linux", file)


def test_kernel_parameters_of_every_interface_are_looked_at() -> None:
    lines = (
        "net.ipv4.conf.all.accept_redirects = 0\n"
        "net.ipv4.conf.default.accept_redirects = 0\n"
        "net.ipv4.conf.wwan0.accept_redirects = 1\n"
    )
    control = next(one for one in linux.CONTROLS if one.number == "sysctl-14")
    assert control.check(Host(lambda line: lines, "admin")) == (
        "net.ipv4.conf.wwan0.accept_redirects = 1"
    )
    assert "is missing" in control.check(Host(lambda line: "", "admin"))
