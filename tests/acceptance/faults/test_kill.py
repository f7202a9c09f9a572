# SPDX-License-Identifier: GPL-3.0-or-later
"""Agent and apply killed at any moment, and started twice."""

import os
import time

import pytest

from modemlab.host import farm
from modemlab.host.lab import Lab

from .conftest import SEEDS, Start
from .ground import root
from .history import registry
from .program import inside
from .trial import slowness

KILLS = int(os.environ.get("MODEMFARM_KILLS", "5"))
RECOVERED_S = 60.0
PULLED_EVERY = 8  # turns; more than five arrivals in five minutes are flapping (F5)


@pytest.mark.parametrize("victim", ["modemfarm-agent", "modemfarm-apply"])
def test_f36_killed_at_any_moment(scene: Lab, start: Start, victim: str) -> None:
    """kill -9 while a modem is pulled, put back, applied; MODEMFARM_KILLS times in all."""
    kills = max(1, KILLS // (2 * SEEDS))
    with start("F36") as running:
        times: list[float] = []
        number, serial = running.number(), running.row["serial"]
        for turn in range(kills):
            if turn % PULLED_EVERY == 0:
                scene.control("unplug", modem=number)
                scene.control("plug", modem=number)
            else:
                root(scene, f"systemd-run -q --collect {farm.MODEMFARM} apply {serial}")
            running.moment(10.0 * slowness(scene))
            root(scene, f"systemctl kill -s KILL --kill-whom=all {victim}")
            killed = time.monotonic()
            running.serves(cap_s=2 * RECOVERED_S)
            times.append(time.monotonic() - killed)
        running.measured[:] = [
            f"{victim}: {len(times)} of {kills} kills recovered, "
            f"median {sorted(times)[len(times) // 2]:.1f} s, longest {max(times):.1f} s"
        ]
        rows = registry(scene).values()
        assert len({row["proxy_port"] for row in rows}) == len(rows)
        left = scene.guest.text(inside("inside.files")).split()
        assert left == [], left
        # Between two jobs (there is one a minute, for drift) nothing of an older one is left.
        running.converges("no job is left behind", RECOVERED_S, lambda: not root(
            scene, "ls -d /var/lib/modemfarm-apply/job-* 2>/dev/null; pgrep -f ansible-playbook;"
            " true").strip())  # fmt: skip


def test_f37_a_second_agent_goes_away(scene: Lab, start: Start) -> None:
    """Started by hand beside the unit: it ends, or waits, and changes nothing."""
    with start("F37") as running:
        before = root(scene, "systemctl show -P MainPID modemfarm-agent")
        root(scene, "systemd-run -q --unit=lab-second -p User=modemfarm -p Group=modemfarm"
             " -p SupplementaryGroups=dialout /opt/modemfarm/venv/bin/modemfarm-agent")  # fmt: skip
        try:
            running.converges(
                "the second one has ended", 30,
                lambda: root(scene, "systemctl is-active lab-second || true").strip() != "active",
            )  # fmt: skip
            said = root(scene, "journalctl -q -u lab-second -o cat -n 5")
            running.note(f"it said: {said.strip().splitlines()[-1:]}")
        finally:
            root(scene, "systemctl stop lab-second; systemctl reset-failed lab-second", check=False)
        assert root(scene, "systemctl show -P MainPID modemfarm-agent") == before
        running.serves(cap_s=30)
