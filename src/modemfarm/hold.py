# SPDX-License-Identifier: GPL-3.0-or-later
"""A hold: "hands off, an operator is at work". Nothing writes to the modem by itself until it ends.

It always ends: one that somebody forgot must not leave a modem unattended for ever.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from .errors import InvalidValueError, PermanentError

LONGEST = timedelta(days=7)  # over a long weekend; who works longer says so again
MAX_BY = 64
MAX_REASON = 200
_FIELDS = ("until", "by", "reason")


class HeldError(PermanentError):
    """An operator holds the modem."""


@dataclass(frozen=True)
class Hold:
    """Until when (aware, UTC), who placed it, and why."""

    until: datetime
    by: str
    reason: str

    def active(self, now: datetime) -> bool:
        """True while it holds."""
        return now < self.until

    def as_dict(self) -> dict[str, str]:
        """Plain values, for JSON; `parse` reads them."""
        until = self.until.isoformat().replace("+00:00", "Z")
        return {"until": until, "by": self.by, "reason": self.reason}

    def __str__(self) -> str:
        """For people: who, until when, why."""
        until = self.until.replace(microsecond=0).isoformat().replace("+00:00", "Z")
        return f"held by {self.by} until {until}: {self.reason}"


def place(until: datetime, by: object, reason: object, now: datetime) -> Hold:
    """A hold that begins `now`. InvalidValueError when it is over already, or too long."""
    hold = Hold(
        _aware("until", until), _text("by", by, MAX_BY), _text("reason", reason, MAX_REASON)
    )
    if not now < hold.until <= now + LONGEST:
        allowed = f"a time after now ({now:%Y-%m-%dT%H:%M:%SZ}), at most {LONGEST.days} days ahead"
        raise InvalidValueError("until", hold.as_dict()["until"], allowed)
    return hold


def parse(value: object, field: str = "hold") -> Hold:
    """The hold in a parsed document, over or not. InvalidValueError names the field."""
    if not isinstance(value, Mapping) or set(value) != set(_FIELDS):
        raise InvalidValueError(field, value, f"null or an object with {', '.join(_FIELDS)}")
    return Hold(
        until=parse_time(value["until"], f"{field}.until"),
        by=_text(f"{field}.by", value["by"], MAX_BY),
        reason=_text(f"{field}.reason", value["reason"], MAX_REASON),
    )


def parse_time(value: object, field: str = "until") -> datetime:
    """An ISO 8601 time with its offset, as UTC; a time without one means different moments."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    return _aware(field, found if found is not None else value)


def refuse_held(hold: Hold | None, now: datetime, modem: str, ignore: bool = False) -> None:
    """HeldError while an operator holds the modem, unless he says so himself (`ignore`)."""
    if hold is not None and hold.active(now) and not ignore:
        raise HeldError(
            f"modem {modem} is {hold}",
            f"wait, ask {hold.by}, or `modemfarm release {modem}`; who placed the hold sets"
            " ignore_hold: true",
        ).about(modem)


def _aware(field: str, value: object) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise InvalidValueError(field, value, "a time such as 2026-01-31T18:00:00Z, with its zone")
    try:
        return value.astimezone(UTC)
    except OverflowError as error:  # year 1 or 9999 and an offset
        raise InvalidValueError(field, str(value), "a time of this age") from error


def _text(field: str, value: object, longest: int) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > longest:
        raise InvalidValueError(field, value, f"1 to {longest} characters")
    if not value.isprintable():
        raise InvalidValueError(field, value, "printable characters on one line")
    return value
