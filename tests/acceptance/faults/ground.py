# SPDX-License-Identifier: GPL-3.0-or-later
"""The farm before and after a fault: four modems serving, no fault, nobody else on the bus."""

import json
from typing import Any

from modemlab.host import farm
from modemlab.host.errors import GuestFailed
from modemlab.host.lab import Lab

from .program import inside

MODEMS = 4
RESTORE_S = 240
PLACE_S = 60
Row = dict[str, Any]


def truth(lab: Lab) -> dict[str, Row]:
    """The virtual modems by IMEI, as the lab's daemon has them."""
    return {modem["imei"]: modem for modem in lab.control("list")["modems"]}


def place(lab: Lab, serial: str) -> str:
    """The USB path of a modem that has been plugged in, once the kernel has found it."""
    found, _ = farm.wait_for(
        lambda: truth(lab)[serial]["usb_path"], PLACE_S, f"{serial} is on the bus", lambda: ""
    )
    return str(found)


def root(lab: Lab, script: str, timeout: float = 120, check: bool = True) -> str:
    """Run a shell script as root in the lab host; its standard output."""
    done = lab.guest.run(["sudo", "sh", "-s"], stdin=script.encode(), timeout=timeout, check=check)
    return done.stdout.decode(errors="replace")


def restore(lab: Lab) -> list[Row]:
    """Make the ground good, wait until it is, and give the rows. Raises GuestFailed."""
    command = inside("inside.ground", str(MODEMS), str(RESTORE_S))
    told = json.loads(lab.guest.text(command, timeout=RESTORE_S + 120))
    if told["problems"]:
        raise GuestFailed(f"the farm is not whole after {RESTORE_S} s: {told['problems']}")
    rows: list[Row] = sorted(told["rows"], key=lambda row: row["slot"])
    return rows
