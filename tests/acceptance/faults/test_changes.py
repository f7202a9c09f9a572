# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: S608 - queries of a test, with nobody's values but its own
"""A thousand random changes while the agent hears of none: what counts in the end is what is.

The agent runs in the LAN's network namespace meanwhile, where no udev event reaches it, and the
registry's triggers are off, so that no NOTIFY is sent: only its own looks are left.
"""

import json
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from modemlab.host import farm
from modemlab.host.lab import Lab

from .conftest import Start
from .ground import MODEMS, root, truth
from .history import registry, sql
from .trial import Trial

ALL = os.environ.get("MODEMFARM_THIRD") == "all"
CHANGES = int(os.environ.get("MODEMFARM_CHANGES", "1000" if ALL else "100"))
CONVERGED_S = 60.0  # FAULTS G5
PLUGS = 0.03  # so many of them are modems pulled and put elsewhere; each takes a second
DROP_IN = "/run/systemd/system/modemfarm-agent.service.d/lab-deaf.conf"
Wanted = dict[str, str]


@contextmanager
def deaf(lab: Lab) -> Iterator[None]:
    """No udev event and no NOTIFY reaches the agent."""
    root(lab, f"mkdir -p {os.path.dirname(DROP_IN)};"  # noqa: PTH120 - a path of the lab host
         f" printf '[Service]\\nNetworkNamespacePath=/run/netns/lan\\n' >{DROP_IN};"
         " systemctl daemon-reload; systemctl restart modemfarm-agent")  # fmt: skip
    sql(lab, "ALTER TABLE modems DISABLE TRIGGER USER")
    try:
        yield
    finally:
        sql(lab, "ALTER TABLE modems ENABLE TRIGGER USER")
        root(lab, f"rm {DROP_IN}; systemctl daemon-reload; systemctl restart modemfarm-agent")


def change(lab: Lab, source: random.Random, rows: list[farm.Row], wanted: Wanted) -> str:
    """One random change: SQL to run, or, for a plug, the empty string after it was done."""
    row = source.choice(rows)
    serial = row["serial"]
    kind = source.random()
    if kind < PLUGS:
        modems = truth(lab)
        used = {modem["port"] for modem in modems.values() if modem["plugged"]}
        number = modems[serial]["number"]
        lab.control("unplug", modem=number)
        lab.control("plug", modem=number, port=source.choice(sorted(set(range(12)) - used)))
        return ""
    if kind < 0.5:
        wanted[serial] = f"apn{source.randrange(1000)}.example"
        return f"UPDATE modems SET apn = '{wanted[serial]}' WHERE serial = '{serial}';"
    column, value = source.choice(
        [("state", "'waiting'"), ("status", "'error'"), ("wan_address", "'192.0.2.1'")]
    )
    return f"UPDATE modems SET {column} = {value} WHERE serial = '{serial}';"


def differences(running: Trial, wanted: Wanted) -> list[str]:
    """Where the registry, the snapshot, or the host is not what it should be."""
    found: dict[str, dict[str, Any]] = registry(running.lab)
    snapshot = json.loads(root(running.lab, "cat /var/lib/modemfarm/modems.json"))["modems"]
    kept = {row["serial"]: row for row in snapshot}
    said = []
    for serial, modem in truth(running.lab).items():
        row, record = found[serial], kept[serial]
        for name, value in (
            ("state", "serving"), ("status", "online"), ("present", True),
            ("usb_path", modem["usb_path"]), ("wan_address", modem["wan"]["address"]),
        ):  # fmt: skip
            if row[name] != value:
                said.append(f"{serial} {name} is {row[name]!r}, should be {value!r}")
        if serial in wanted and (row["apn"], record["apn"]) != (wanted[serial],) * 2:
            said.append(f"{serial} apn {row['apn']} {record['apn']}, wanted {wanted[serial]}")
    return said


def test_g5_a_thousand_changes_that_nobody_tells_of(scene: Lab, start: Start) -> None:
    with start("G5", hit=MODEMS) as running, deaf(scene):
        wanted: Wanted = {}
        batch: list[str] = []
        for _ in range(CHANGES):
            query = change(scene, running.random, running.hit, wanted)
            if query:
                batch.append(query)
            if batch and (not query or len(batch) >= 25):
                sql(scene, "\n".join(batch))
                batch.clear()
        sql(scene, "\n".join(batch) or "SELECT 1")
        running.note(f"{CHANGES} changes")
        said: list[str] = []

        def converged() -> bool:
            said[:] = differences(running, wanted)
            return not said

        try:
            running.converges("all of them are in place", CONVERGED_S, converged)
        finally:
            sql(scene, "UPDATE modems SET apn = NULL")
        assert said == []
