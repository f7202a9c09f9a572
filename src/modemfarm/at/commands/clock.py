# SPDX-License-Identifier: GPL-3.0-or-later
"""The modem's own clock (27.007 section 8.15)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from ..answers import Fields, first, unreadable
from ..session import AtSession

QUARTER_MINUTES = 15
# Until a network has set it the clock starts at 1980 (GPS) or 1970: a two-digit year from 70 on.
UNSET_FROM = 70
_TIME = re.compile(
    r"([0-9]{2})/([0-9]{2})/([0-9]{2}),([0-9]{2}):([0-9]{2}):([0-9]{2})([+-][0-9]{1,2})?\Z"
)


@dataclass(frozen=True)
class Clock:
    """The modem's time, with its zone; None when no network has set it yet."""

    time: datetime | None


def clock(session: AtSession) -> Clock:
    """AT+CCLK?: `"yy/MM/dd,hh:mm:ss+zz"` with zz in quarters of an hour; without it, UTC."""
    return first(session, "AT+CCLK?", "+CCLK", _clock)


def _clock(fields: Fields) -> Clock:
    said = ",".join(fields.raw(place) for place in range(min(len(fields), 2)))
    match = _TIME.match(said)
    if match is None:
        unreadable(f"{said[:30]!r} is no time")
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    quarters = int(match[7] or 0)
    if year >= UNSET_FROM:
        return Clock(None)
    try:
        zone = timezone(timedelta(minutes=QUARTER_MINUTES * quarters)) if quarters else UTC
        return Clock(datetime(2000 + year, month, day, hour, minute, second, tzinfo=zone))
    except ValueError:
        unreadable(f"{said!r} is no time that exists")
