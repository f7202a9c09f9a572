# SPDX-License-Identifier: GPL-3.0-or-later
"""F5: one modem comes and goes: few applies, quarantine that everybody sees, and its end."""

import os
import time

from modemlab.host import farm
from modemlab.host.lab import Lab

from .conftest import Start, chosen_third
from .ground import place, root
from .history import applies, events, journal_mark, now
from .program import inside
from .trial import Trial

TIMES = int(os.environ.get("MODEMFARM_FLAPS", "200"))
WITHIN_S = 60
APPLIES = 3
MOST = 5  # arrivals in five minutes
DEVICES = "/sys/bus/usb/devices"
RELEASED_S = 360.0  # five quiet minutes, and an apply


def as_fast_as_it_goes(running: Trial) -> int:
    """Plug and pull for a minute; mostly too fast for the kernel to see what it was."""
    command = inside("inside.flapping", str(running.number()), str(TIMES), str(WITHIN_S))
    return int(running.lab.guest.text(command, timeout=4 * WITHIN_S))


def seen_each_time(running: Trial) -> None:
    """Pull and plug more often than is allowed, and let the kernel see it each time."""
    number = running.number()
    for _ in range(MOST + 2):
        running.lab.control("unplug", modem=number)
        running.lab.control("plug", modem=number)
        path = place(running.lab, running.row["serial"])
        farm.wait_for(
            lambda path=path: root(running.lab, f"cat {DEVICES}/{path}/idVendor || true").strip(),
            30 * running.factor, "the kernel sees it", lambda: "",
        )  # fmt: skip


def test_f5_plugged_and_pulled_200_times_in_a_minute(scene: Lab, start: Start) -> None:
    with start("F5") as running:
        serial, mark = running.row["serial"], journal_mark(scene)
        started = time.monotonic()
        done = as_fast_as_it_goes(running)
        running.note(f"{done} times in {time.monotonic() - started:.0f} s")
        running.serves(cap_s=RELEASED_S)
        count = applies(scene, mark, serial)
        running.note(f"{count} applies")
        assert count <= APPLIES, count


def test_f5_what_flaps_is_quarantined_and_released(scene: Lab, start: Start) -> None:
    with start("F5 slow") as running:
        serial, since, mark = running.row["serial"], now(scene), journal_mark(scene)
        seen_each_time(running)
        found = running.converges(
            "it is quarantined, visibly", 30,
            lambda: (row := running.state())["state"] == "quarantined" and row,
        )  # fmt: skip
        running.note(str(found["reason"]))
        assert events(scene, since, "flapping")
        assert applies(scene, mark, serial) < MOST + 2  # fewer than it came
        if chosen_third() is None:
            running.serves(cap_s=RELEASED_S)  # by itself, after five quiet minutes
            assert events(scene, since, "flapping-ended")
        else:
            root(scene, "systemctl restart modemfarm-agent")
            running.serves(cap_s=RELEASED_S)
