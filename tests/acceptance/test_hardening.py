# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab host after dev-sec's baselines, by its own tools; its limits, and its modems' power.

Here the kernel is the host's own, so every control is judged.
"""

import shlex
from collections.abc import Callable

import pytest

from modemlab.baseline import linux, postgres, ssh
from modemlab.baseline.control import Control, judge, waivers
from modemlab.baseline.host import Host
from modemlab.host import farm
from modemlab.host.lab import Lab

BASELINES = {"linux": linux.CONTROLS, "ssh": ssh.CONTROLS, "postgres": postgres.CONTROLS}
USER = "lab"
SLOW_S = 300  # `find` over the whole disk under emulation
CONNECTIONS = 32 * 500  # slots, and connections of each


@pytest.fixture(scope="module")
def state(lab: Lab) -> Host:
    """The host as its own tools tell it."""

    def run(line: str) -> str:
        return lab.guest.text(["sudo", "sh", "-c", line], timeout=SLOW_S)

    return Host(run, USER)


@pytest.mark.parametrize("baseline", BASELINES)
def test_baseline(state: Host, baseline: str, remark: Callable[[str], None]) -> None:
    controls: tuple[Control, ...] = BASELINES[baseline]
    verdict = judge(state, controls, waivers(baseline))
    remark(f"{baseline}: {len(verdict.kept)} kept, {len(verdict.waived)} waived with a reason")
    assert verdict.broken == {}
    assert verdict.needless == {}, "these are kept: take their waivers out"


def test_limits_are_enough_for_every_connection(state: Host) -> None:
    assert int(state.sysctl["net.netfilter.nf_conntrack_max"]) >= 8 * CONNECTIONS
    assert state.sysctl["net.netfilter.nf_conntrack_tcp_timeout_established"] == "7440"
    assert int(state.sysctl["kernel.threads-max"]) >= CONNECTIONS + 4096
    assert int(state.sysctl["kernel.pid_max"]) >= CONNECTIONS + 4096
    assert int(state.sysctl["fs.inotify.max_user_instances"]) >= 1024


def test_modems_keep_their_loose_filter_and_the_rest_is_strict(
    state: Host, rows: list[farm.Row]
) -> None:
    conf = "net.ipv4.conf"
    everywhere = int(state.sysctl[f"{conf}.all.rp_filter"])
    assert everywhere == 1
    for row in rows:
        assert state.sysctl[f"{conf}.{row['interface']}.rp_filter"] == "2", row
    assert max(everywhere, int(state.sysctl[f"{conf}.lan0.rp_filter"])) >= 1


def test_no_modem_and_so_no_hub_is_put_to_sleep(state: Host, rows: list[farm.Row]) -> None:
    controls = "grep -l 2c7c /sys/bus/usb/devices/*/idVendor | xargs -n 1 dirname"
    said = state.run(f"for d in $({controls}); do cat $d/power/control; done").split()
    assert len(said) >= len(rows)
    assert set(said) == {"on"}


@pytest.mark.parametrize("module", ["sctp", "dccp", "n_gsm", "cramfs"])
def test_blocked_modules_do_not_load(lab: Lab, module: str) -> None:
    done = lab.guest.run(["sudo", "/sbin/modprobe", module], check=False)
    assert done.returncode != 0
    loaded = lab.guest.text(["cat", "/proc/modules"])
    assert not [line for line in loaded.splitlines() if line.split()[0] == module]


def test_units_run_under_their_sandbox(lab: Lab, state: Host) -> None:
    """What systemd says of the units that run, not of files: 3proxy is at 1.5 or below."""
    used = lab.engine_used() or {}
    proxy = "3proxy@1.service" if used.get("name") != "v2ray" else "v2ray-proxy@1.service"
    listed = state.run(f"systemd-analyze security --no-pager {shlex.quote(proxy)} | tail -n 1")
    exposure = float(listed.rpartition(":")[2].split()[0])
    assert exposure <= 1.5, listed
