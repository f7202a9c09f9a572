# SPDX-License-Identifier: GPL-3.0-or-later
"""F5: one modem is plugged and pulled 200 times in a minute; three applies at most."""

import os
import time

from modemlab.host.lab import Lab

from .conftest import Start
from .ground import root
from .history import applies, now

TIMES = int(os.environ.get("MODEMFARM_FLAPS", "200"))
WITHIN_S = 60.0
APPLIES = 3
RELEASED_S = 360.0  # five quiet minutes, and an apply


def test_f5_plugged_and_pulled_200_times_in_a_minute(scene: Lab, start: Start) -> None:
    with start("F5") as running:
        serial, number = running.row["serial"], running.number()
        since = now(scene)
        started = time.monotonic()
        done = 0
        for turn in range(TIMES):
            if time.monotonic() - started > WITHIN_S:
                break
            scene.control("unplug", modem=number)
            scene.control("plug", modem=number)
            done = turn + 1
        running.note(f"{done} times in {time.monotonic() - started:.0f} s")
        count = applies(scene, since, serial)
        running.note(f"{count} applies")
        assert count <= APPLIES, count
        found = running.converges(
            "it is quarantined, visibly", 30,
            lambda: (row := running.state())["state"] == "quarantined" and row,
        )  # fmt: skip
        running.note(str(found["reason"]))
        if os.environ.get("MODEMFARM_THIRD") == "all":
            running.serves(cap_s=RELEASED_S)  # by itself
        else:
            root(scene, "systemctl restart modemfarm-agent")
            running.serves(cap_s=RELEASED_S)
        assert applies(scene, since, serial) <= APPLIES + 2
