# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore changes: this host as it is, beside what the backup makes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .settle import Facts


@dataclass(frozen=True)
class Difference:
    """One thing that differs; None where one side does not have it at all.

    what: modem, user, pin-tries or file. about: serial, name, outcome or path.
    """

    what: str
    about: str
    field: str
    before: object
    after: object


def differences(
    live: Facts | None, restored: Facts, tries: tuple[Mapping[str, int], Mapping[str, int]]
) -> list[Difference]:
    """live None: there is no registry to compare with, so all of it is new."""
    before = live or Facts({}, {})
    return [
        *_rows("modem", before.modems, restored.modems, ("host", "slot", "proxy_port", "apn")),
        *_rows("user", before.users, restored.users, ("role", "modems", "enabled")),
        *(
            Difference("pin-tries", outcome, "count", tries[0].get(outcome, 0), count)
            for outcome, count in tries[1].items()
            if tries[0].get(outcome, 0) != count
        ),
    ]


def _rows(
    what: str,
    before: Mapping[str, Mapping[str, Any]],
    after: Mapping[str, Mapping[str, Any]],
    fields: tuple[str, ...],
) -> Iterator[Difference]:
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        for field in fields:
            one, other = (None if row is None else row[field] for row in (old, new))
            if one != other:
                yield Difference(what, key, field, one, other)


def missing(live: Facts | None, restored: Facts, host: str) -> list[dict[str, Any]]:
    """The restored modems of this host that are not plugged in now, as far as its agent knew."""
    present = {s for s, row in (live.modems if live else {}).items() if row["present"]}
    return [
        {"serial": serial, "slot": row["slot"], "port": row["proxy_port"]}
        for serial, row in restored.modems.items()
        if row["host"] == host and serial not in present
    ]
