# SPDX-License-Identifier: GPL-3.0-or-later
"""Which modem had which exit address when. The spans are those of history: seen as the probe page
answered with them, so they begin and end at a look, not at the carrier's own moment.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from modemfarm.errors import InvalidValueError
from modemfarm.hold import parse_time

from .db import Database, Row

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Asked:
    """Spans that touch the time from `since` to `until`; a condition of None is none."""

    since: datetime
    until: datetime
    address: str | None = None
    serial: str | None = None
    host: str | None = None

    def __post_init__(self) -> None:
        if self.until < self.since:
            raise InvalidValueError(
                "until", self.until.isoformat(), f"a time not before {self.since.isoformat()}"
            )


def span(
    at: str | None, since: str | None, until: str | None, now: datetime, prefix: str = ""
) -> tuple[datetime, datetime]:
    """The time that is asked for: a moment, or from since (a day ago) until (now).

    Texts are times of ISO 8601 with their offset. InvalidValueError names prefix + field.
    """
    if at is not None:
        if since is not None or until is not None:
            name, said = ("since", since) if since is not None else ("until", until)
            raise InvalidValueError(prefix + name, said, f"either {prefix}at or {prefix}{name}")
        moment = parse_time(at, prefix + "at")
        return moment, moment
    end = now if until is None else parse_time(until, prefix + "until")
    begin = end - DAY if since is None else parse_time(since, prefix + "since")
    return begin, end


def find_exits(
    database: Database,
    asked: Asked,
    limit: int,
    scope: Collection[str] | None = None,
    after: tuple[datetime, int] | None = None,
) -> list[Row]:
    """Oldest first, with the id of each; until None for one that lasts. DatabaseGoneError.

    scope: the serials that may be seen, None for all. after: since and id of the last row seen.
    """
    values = {
        "from": asked.since, "to": asked.until, "address": asked.address,
        "serial": asked.serial, "host": asked.host, "limit": limit,
        "scope": None if scope is None else sorted(scope),
        "after": None if after is None else after[0],
        "after_id": None if after is None else after[1],
    }  # fmt: skip
    return database.rows("find_exits", values)
