# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the time goes between a plug and the first byte, read from the lab host's journal.

The journal's clock is the guest's wall clock; the plug is put on the same clock by asking the guest
for its time in the command that plugs.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..host import farm
from ..host.lab import Lab

FIRST_BYTE = "first byte"
STEPS = ("ports", "identified", "ModemManager", "bearer", FIRST_BYTE)
# unit, pattern of the message -> step; each is counted once per modem, the last one counts.
MARKS = (
    ("kernel", re.compile(r"cdc-wdm\d+: USB WDM device"), "ports"),
    ("modemfarm-agent", re.compile(r"event (?:registered|plugged)"), "identified"),
    ("ModemManager", re.compile(r"state changed \([\w-]+ -> registered\)"), "ModemManager"),
    ("ModemManager", re.compile(r"state changed \(connecting -> connected\)"), "bearer"),
    ("modemfarm-agent", re.compile(r"event serving"), FIRST_BYTE),
)
# "identified" is told when the row is written; "serving" after a request through the port came back
# from the modem's own address, so it is an upper bound of the first byte.


@dataclass(frozen=True)
class Timeline:
    """Seconds from the plug to each step: for the first and for the last modem of the batch."""

    first: dict[str, float]
    last: dict[str, float]


def plug(lab: Lab, modems: list[farm.Row], cap_s: float) -> Timeline:
    """Plug `modems` (rows of `lab list`) at once and wait until all serve."""
    start = float(lab.guest.text(["date", "+%s.%N"]))
    lab.control("plug", modem=[modem["number"] for modem in modems])
    serials = {modem["imei"] for modem in modems}
    farm.wait_for(farm.serving(lab, serials), cap_s, "all serving", lambda: farm.explain(lab))
    times = marks(journal(lab, start), start)
    return Timeline(
        {step: min(found) for step, found in times.items() if found},
        {step: max(found) for step, found in times.items() if found},
    )


def journal(lab: Lab, since: float) -> list[dict[str, object]]:
    """The journal's entries since the wall-clock time `since`."""
    text = lab.guest.text(
        ["sudo", "journalctl", "-o", "json", "--no-pager", f"--since=@{since:.3f}"], timeout=300
    )
    return [json.loads(line) for line in text.splitlines()]


def marks(entries: Iterable[dict[str, object]], start: float) -> dict[str, list[float]]:
    """Seconds after `start` of every entry that marks a step."""
    found: dict[str, list[float]] = {step: [] for step in STEPS}
    for entry in entries:
        name, message = entry.get("SYSLOG_IDENTIFIER"), entry.get("MESSAGE")
        for unit, pattern, step in MARKS:
            if name == unit and isinstance(message, str) and pattern.search(message):
                stamp = int(str(entry["__REALTIME_TIMESTAMP"])) / 1e6
                found[step].append(round(stamp - start, 2))
    return found
