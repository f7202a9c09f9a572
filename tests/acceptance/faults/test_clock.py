# SPDX-License-Identifier: GPL-3.0-or-later
"""F46: the clock jumps by an hour; nothing expires, restarts or is applied in a mass."""

import pytest

from modemlab.host.lab import Lab

from .conftest import Start, variants
from .ground import root
from .history import applies, journal_mark

HOUR = 3600
QUIET_S = 20


@pytest.mark.parametrize("jump", variants(HOUR, -HOUR))
def test_f46_the_clock_jumps(scene: Lab, start: Start, jump: int) -> None:
    with start("F46") as running:
        before = root(scene, "systemctl show -P MainPID,NRestarts modemfarm-agent")
        pids = root(scene, "systemctl show -P MainPID 'v2ray-proxy@*' '3proxy@*'")
        root(scene, f"date -s @$(($(date +%s) + {jump}))")
        mark = journal_mark(scene)
        try:
            running.moment(QUIET_S)
            number = running.number()
            scene.control("unplug", modem=number)
            scene.control("plug", modem=number)
            running.serves(cap_s=120)
            assert root(scene, "systemctl show -P MainPID,NRestarts modemfarm-agent") == before
            assert root(scene, "systemctl show -P MainPID 'v2ray-proxy@*' '3proxy@*'") == pids
            for row in running.others:
                assert applies(scene, mark, row["serial"]) == 0
        finally:
            scene.guest.set_clock()
