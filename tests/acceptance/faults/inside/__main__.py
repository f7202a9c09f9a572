# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs in the lab host as root: one look a second until standard input ends.

Prints one JSON line per look, so that a reader sees what is broken while it is.
"""

import json
import select
import subprocess
import sys
import time
from typing import Any

from modemlab import control

from .checks import Checks, Finding
from .files import Files
from .world import Plan, World, look

EVERY_S = 1.0
REQUEST_S = 3.0  # refusing takes milliseconds; this ends a request that hangs


def main() -> int:
    plan = Plan.read()
    checks, files = Checks(plan), Files()
    turn = 0
    while True:
        started = time.monotonic()
        seen = World()
        try:
            seen = look(files)
            broken = checks.broken(seen) + offline(plan, seen, turn)
        except (
            OSError,
            ValueError,
            LookupError,
            RuntimeError,
            subprocess.SubprocessError,
        ) as error:
            # A look that fails must not pass for one that found nothing.
            broken = [("blind", f"{type(error).__name__}: {error}"[:300])]
        took = time.monotonic() - started
        say({"turn": turn, "at": time.time(), "seconds": round(took, 3), "broken": broken,
             "jobs": seen.jobs})  # fmt: skip
        turn += 1
        if ended(max(0.0, EVERY_S - took)):
            return 0


def offline(plan: Plan, seen: World, turn: int) -> list[Finding]:
    """(d): the port of a modem that is not plugged in refuses; one of them each look."""
    away = sorted(
        (slot, serial)
        for serial, slot in seen.slots.items()
        if not seen.truth.get(serial, {}).get("plugged")
    )
    if not away:
        return []
    slot, serial = away[turn % len(away)]
    ask = {"verb": "request", "port": plan.port_base + slot, "timeout": REQUEST_S}
    answer = control.call(ask)["answer"]
    if answer["status"] != 200:
        return []
    told = {modem["imei"]: modem for modem in control.call({"verb": "list"})["modems"]}
    if told.get(serial, {}).get("plugged"):
        return []  # it came meanwhile
    return [("offline", f"the port of {serial}, which is away, answered {answer}")]


def say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def ended(wait: float) -> bool:
    ready, _, _ = select.select([sys.stdin], [], [], wait)
    return bool(ready) and not sys.stdin.readline()


if __name__ == "__main__":
    sys.exit(main())
