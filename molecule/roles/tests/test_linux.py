# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: S101 - these are tests
"""Linux after dev-sec's baseline. What is the kernel's own is judged in the lab host."""

from collections.abc import Callable

from modemlab.baseline import linux
from modemlab.baseline.control import Verdict
from modemlab.baseline.host import Host

WHOLE_KERNEL = set(
    "sysctl-29 sysctl-30 sysctl-31a sysctl-31b sysctl-32 sysctl-33 sysctl-34 sysctl-35"
    " farm-linux-01 farm-linux-02".split()
)


def test_linux_baseline(state: Host, expect: Callable[..., Verdict]) -> None:
    verdict = expect(state, "linux", linux.CONTROLS)
    assert len(verdict.kept) >= 40
    assert set(verdict.not_judged) == WHOLE_KERNEL


def test_a_new_interface_takes_no_redirects_either(root: Callable[[str], str]) -> None:
    """udev has systemd-sysctl look at it; containers have no udev, so it is called as udev does."""
    root("ip link add name new0 type veth peer name new1")
    try:
        root("/usr/lib/systemd/systemd-sysctl --prefix=/net/ipv4/conf/new0")
        values = root("cat /proc/sys/net/ipv4/conf/new0/accept_redirects").split()
    finally:
        root("ip link del new0")
    assert values == ["0"]
