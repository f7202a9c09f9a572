# SPDX-License-Identifier: GPL-3.0-or-later
"""Old rows go, a day or a month of them at a time, and room for the next days is made ahead."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from .db import Database


@dataclass(frozen=True)
class Keep:
    """For how many days what is kept. Repairs, holds and spans are kept as long as events."""

    logs: int = 30
    samples: int = 30
    events: int = 365


@dataclass(frozen=True)
class Turned:
    """Names of the partitions that were made and dropped."""

    made: tuple[str, ...]
    dropped: tuple[str, ...]


class Retention:
    """Of the whole database, whichever host calls. Raises DatabaseGoneError when it is away.

    The schema's own function does the work, with the rights of its owner: the agent has none.
    """

    def __init__(self, database: Database, keep: Keep) -> None:
        self._database = database
        self._keep = keep

    def turn(self, now: datetime) -> Turned:
        """What was due; once an hour is often enough. Nothing while another host does it.

        A clock that is ahead of the server's counts as the server's.
        """
        rows = self._database.rows("turn_partitions", asdict(self._keep) | {"now": now})
        named = [(row["deed"], row["partition"]) for row in rows]
        made, dropped = (
            tuple(name for deed, name in named if deed == wanted) for wanted in ("made", "dropped")
        )
        return Turned(made, dropped)
