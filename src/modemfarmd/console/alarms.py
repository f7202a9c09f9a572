# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the farm needs somebody to look, the worst first. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..text import printable
from .agent_gauges import Gauges
from .rows import HOST_CAP_S

_BAD = ("failed", "quarantined")


@dataclass(frozen=True)
class Alarm:
    """level: error or warning."""

    level: str
    text: str
    remedy: str | None = None
    serial: str | None = None


def alarms(
    rows: Sequence[Mapping[str, Any]],
    hosts: Sequence[Mapping[str, Any]],
    gauges: Gauges | None,
    now: datetime,
) -> list[Alarm]:
    """Of modems, hosts and this host's agent; None for gauges that are not to be judged."""
    found = [*_of_hosts(hosts, now), *_of_agent(gauges), *_of_modems(rows)]
    return sorted(found, key=lambda alarm: alarm.level != "error")


def _of_hosts(hosts: Sequence[Mapping[str, Any]], now: datetime) -> list[Alarm]:
    return [
        Alarm(
            "error",
            f"The agent of {printable(host['name'], 40)} has said nothing for "
            f"{(now - host['last_seen']).total_seconds() / 60:.0f} min",
            "systemctl status modemfarm-agent",
        )
        for host in hosts
        if (now - host["last_seen"]).total_seconds() > HOST_CAP_S
    ]


def _of_agent(gauges: Gauges | None) -> list[Alarm]:
    if gauges is None:
        return []
    if gauges.numbers is None:
        return [Alarm("warning", gauges.problem, "systemctl status modemfarm-agent")]
    numbers = gauges.numbers
    found = []
    if not numbers.get("database", True):
        found.append(Alarm("error", "The agent does not reach the database", "modemfarm doctor"))
    if not numbers.get("snapshot_written", True):
        found.append(Alarm("error", "The agent cannot write its snapshot", "df /var/lib/modemfarm"))
    if numbers.get("usb_over_current"):
        count = numbers["usb_over_current"]
        text = f"Hubs have cut the power of ports, so far {count} since the host started"
        found.append(Alarm("warning", text, "modemfarm usb-plan"))
    return found


def _of_modems(rows: Sequence[Mapping[str, Any]]) -> list[Alarm]:
    found = []
    for row in rows:
        state, why = row["state"], row["reason"] or "no reason was told"
        if state in _BAD:
            found.append(Alarm("error", f"{state}: {why}", row["remedy"], row["serial"]))
        elif state == "degraded":
            found.append(Alarm("warning", f"{state}: {why}", row["remedy"], row["serial"]))
        elif row["stale"] and row["present"]:
            found.append(Alarm("warning", f"stale: {row['stale']}", None, row["serial"]))
    return found
