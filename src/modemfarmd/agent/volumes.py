# SPDX-License-Identifier: GPL-3.0-or-later
"""How many bytes each modem has moved on which day, and what of it has been forgiven.

What was counted is never taken back: a reset keeps how much does not count any more. Days are dates
of the quotas' time zone. Readings of one interface differ by what was moved in between; one of a
new interface, or lower than the one before, counts as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from modemfarm.identity import check_serial
from modemfarm.proxy.quota import Used

from ..registry.volumes import Volume
from .meter import Reading

VERSION = 1
KEPT = timedelta(days=62)  # this month and the one before; the registry keeps all
PERIODS = ("day", "month")


@dataclass
class Account:
    """Of one modem. days: (down, up) by date; forgiven: bytes by day or month that do not count."""

    reading: Reading | None = None
    days: dict[date, tuple[int, int]] = field(default_factory=dict)
    forgiven: dict[str, int] = field(default_factory=dict)

    def add(self, day: date, down: int, up: int) -> None:
        """Count bytes."""
        before = self.days.get(day, (0, 0))
        self.days[day] = before[0] + down, before[1] + up

    def moved(self, period: str, day: date) -> int:
        """Bytes of both directions in the day or the month of `day`."""
        return sum(
            sum(volume)
            for one, volume in self.days.items()
            if _key(period, one) == _key(period, day)
        )

    def used(self, day: date) -> Used:
        """What counts."""
        left = {p: self.moved(p, day) - self.forgiven.get(_key(p, day), 0) for p in PERIODS}
        return Used(max(0, left["day"]), max(0, left["month"]))


class Volumes:
    """Of all modems by serial."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        # What was kept is lost: the first reading of each modem may have been counted already.
        self.lost = True
        self._fresh: set[tuple[str, date]] = set()

    def count(self, serial: str, reading: Reading, day: date) -> None:
        """Take a reading in."""
        account = self.accounts.setdefault(serial, Account())
        before, account.reading = account.reading, reading
        if before is None and self.lost:
            return
        down, up = reading.down, reading.up
        same = before is not None and before.source == reading.source
        if before is not None and same and down >= before.down and up >= before.up:
            down, up = down - before.down, up - before.up
        if down or up:
            account.add(day, down, up)
            self._fresh.add((serial, day))

    def used(self, serial: str, day: date) -> Used:
        """What counts against the limits of a modem."""
        account = self.accounts.get(serial)
        return Used() if account is None else account.used(day)

    def forgive(self, serial: str, periods: Iterable[str], day: date) -> None:
        """What was moved up to now in these periods does not count any more."""
        account = self.accounts.setdefault(serial, Account())
        for period in periods:
            account.forgiven[_key(period, day)] = account.moved(period, day)

    def newest(self) -> date | None:
        """The latest day on which anything was counted."""
        return max((day for one in self.accounts.values() for day in one.days), default=None)

    def fold(self, day: date) -> None:
        """What was counted on later days, by a clock that was wrong, was moved on this one."""
        for serial, account in self.accounts.items():
            for later in [one for one in account.days if one > day]:
                account.add(day, *account.days.pop(later))
                self._fresh.add((serial, day))

    def fresh(self) -> list[Volume]:
        """The days whose numbers have changed since the last call."""
        found = [
            Volume(serial, day, *self.accounts[serial].days[day])
            for serial, day in sorted(self._fresh)
            if serial in self.accounts and day in self.accounts[serial].days
        ]
        self._fresh.clear()
        return found

    def seed(self, kept: Iterable[Volume]) -> None:
        """What the registry has, where the file is lost."""
        for volume in kept:
            account = self.accounts.setdefault(volume.serial, Account())
            account.add(volume.day, volume.down, volume.up)

    def as_dict(self, day: date) -> dict[str, Any]:
        """As `load` takes it; days that are long over are left out."""
        rows = {serial: _plain(account, day) for serial, account in self.accounts.items()}
        return {"version": VERSION, "modems": {s: row for s, row in rows.items() if row["days"]}}

    def load(self, document: object) -> None:
        """Take a parsed file. ValueError, TypeError, KeyError, FarmError for what is none."""
        if not isinstance(document, Mapping) or document["version"] != VERSION:
            raise ValueError("another version")
        self.accounts = dict(_accounts(document["modems"]))
        self.lost = False
        # The agent before us may have ended before the registry had its last numbers.
        self._fresh = {(s, max(one.days)) for s, one in self.accounts.items() if one.days}


def _key(period: str, day: date) -> str:
    text = day.isoformat()
    return text if period == "day" else text[:7]


def _plain(account: Account, day: date) -> dict[str, Any]:
    days = {d.isoformat(): list(v) for d, v in account.days.items() if d >= day - KEPT}
    current = {key for one in account.days if one >= day - KEPT for key in _keys(one)}
    reading = account.reading
    return {
        "reading": None if reading is None else [reading.source, reading.down, reading.up],
        "days": days,
        "forgiven": {key: n for key, n in account.forgiven.items() if key in current},
    }


def _keys(day: date) -> list[str]:
    return [_key(period, day) for period in PERIODS]


def _accounts(rows: Mapping[str, Any]) -> Iterator[tuple[str, Account]]:
    for serial, row in rows.items():
        reading = row["reading"]
        if reading is not None:
            reading = Reading(str(reading[0]), _bytes(reading[1]), _bytes(reading[2]))
        days = {date.fromisoformat(d): (_bytes(v[0]), _bytes(v[1])) for d, v in row["days"].items()}
        forgiven = {str(key): _bytes(number) for key, number in row["forgiven"].items()}
        yield check_serial(serial), Account(reading, days, forgiven)


def _bytes(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is no number of bytes")
    return value
