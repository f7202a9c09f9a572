# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: S608 - queries of a test, with nobody's values but its own
"""What the registry tells of a stretch of time: events, repairs, applies."""

import json
import re
from typing import Any

from modemlab.host.lab import Lab

from .ground import root

DATABASE = "modemfarm"
RESETS = {"reset", "usb", "hub-power"}  # the modem leaves the bus
APPLYING = re.compile(r"applying (.*)")
Row = dict[str, Any]


def sql(lab: Lab, query: str, check: bool = True) -> str:
    """A query as PostgreSQL's administrator."""
    command = ["sudo", "-u", "postgres", "psql", "-XAt", "-v", "ON_ERROR_STOP=1", "-d", DATABASE]
    done = lab.guest.run(command, stdin=query.encode(), check=check)
    return done.stdout.decode().strip()


def rows(lab: Lab, query: str) -> list[Row]:
    """The rows of a query."""
    text = sql(lab, f"SELECT json_agg(q) FROM ({query}) q")
    found: list[Row] = json.loads(text or "null") or []
    return found


def registry(lab: Lab) -> dict[str, Row]:
    """The table of modems itself, by serial."""
    return {row["serial"]: row for row in rows(lab, "SELECT * FROM modems")}


def serving(lab: Lab, serials: set[str]) -> list[Row]:
    """The rows of `serials` when all of them serve, else nothing.

    Straight from the table: `modemfarm list` says the same in five seconds under emulation.
    """
    found = [row for serial, row in registry(lab).items() if serial in serials]
    done = len(found) == len(serials) and all(row["state"] == "serving" for row in found)
    return found if done else []


def now(lab: Lab) -> str:
    """Seconds since the epoch by the host's clock: where a stretch of time begins."""
    return root(lab, "date +%s.%N").strip()


def events(lab: Lab, since: str, *kinds: str) -> list[Row]:
    """Events of these kinds since then."""
    wanted = ", ".join(f"'{kind}'" for kind in kinds)
    return rows(lab, "SELECT kind, serial, detail FROM events"
                f" WHERE at >= to_timestamp({since}) AND kind IN ({wanted})"
                " ORDER BY id")  # fmt: skip


def repairs(lab: Lab, since: str) -> list[Row]:
    """Steps taken since then."""
    return rows(lab, "SELECT serial, step, cause, outcome, before, after FROM repairs"
                f" WHERE began >= to_timestamp({since}) ORDER BY id")  # fmt: skip


def journal_mark(lab: Lab) -> str:
    """A place in the journal, which a clock that jumps does not move."""
    return root(lab, "journalctl -q -n 0 --show-cursor").strip().removeprefix("-- cursor: ")


def applies(lab: Lab, mark: str, serial: str) -> int:
    """How often the agent has had a modem applied since that place in the journal."""
    text = root(lab, f"journalctl -q -u modemfarm-agent --after-cursor='{mark}' -o cat")
    found = (APPLYING.search(line) for line in text.splitlines())
    return sum(serial in match[1].split() for match in found if match)
