# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the registry as the console shows them: short, printable, and honest about their age."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..registry.db import Row
from ..text import printable
from .traffic import Count

# The agent looks at each modem every 30 s: three looks in a row have failed.
HEARD_CAP_S = 100.0
# Its sign of life comes every 60 s.
HOST_CAP_S = 150.0
_TEXTS = ("operator", "reason", "remedy", "model", "revision", "interface", "usb_path", "apn")
LONGEST = 200


def shown(value: object) -> str | None:
    """A text that came from a modem or a carrier: nothing invisible in it, and not too long."""
    return None if value is None else printable(value, LONGEST)


def seconds(moment: datetime | None) -> float | None:
    """Since the epoch, as the browser counts."""
    return None if moment is None else round(moment.timestamp(), 3)


def age(row: Mapping[str, Any], host_seen: datetime | None, now: datetime) -> str:
    """Why the row is not to be taken for what is now; empty when it is."""
    if host_seen is None or (now - host_seen).total_seconds() > HOST_CAP_S:
        return f"the agent of {printable(row['host'], 40)} says nothing"
    if row["present"] and (now - row["last_seen"]).total_seconds() > HEARD_CAP_S:
        return "the modem was not heard for longer than three looks"
    return ""


def table_row(
    row: Row, host_seen: datetime | None, proxy_host: str, now: datetime
) -> dict[str, Any]:
    """What the list gets of a modem, without curve and traffic."""
    present = row["present"]
    hold = row["hold"]
    found = {name: shown(row[name]) for name in _TEXTS}
    return found | {
        "serial": row["serial"],
        "host": printable(row["host"], 40),
        "slot": row["slot"],
        "state": row["state"],
        "status": row["status"],
        "present": present,
        "stale": age(row, host_seen, now),
        # What an absent modem said last is no signal that it has now.
        "signal": row["signal"] if present else None,
        "wan": row["wan_address"],
        "wan_since": seconds(row["wan_since"]),
        "proxy": f"{proxy_host}:{row['proxy_port']}",
        "last_seen": seconds(row["last_seen"]),
        "changed": seconds(row["changed_at"]),
        "hold": None if hold is None else {
            "until": seconds(hold["until"]), "by": shown(hold["by"]), "why": shown(hold["reason"]),
        },
    }  # fmt: skip


def traffic_fields(count: Count | None) -> dict[str, Any]:
    """Of a row of the list: bytes, and bytes/s."""
    if count is None:
        return dict.fromkeys(("rx", "tx", "rx_rate", "tx_rate"))
    return {
        "rx": count.received, "tx": count.sent,
        "rx_rate": None if count.received_rate is None else round(count.received_rate),
        "tx_rate": None if count.sent_rate is None else round(count.sent_rate),
    }  # fmt: skip


def changes(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are another now."""
    if before is None:
        return dict(after)
    return {name: value for name, value in after.items() if before.get(name) != value}
