# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen of modems over time: signal, and spans of addresses, SIMs and USB ports.

An observation is a span that begins when it was seen and has no end. Seeing the same again adds
nothing; seeing something else, or nothing (its value None), ends the span before it. Observations
of one modem come in order of time; one that comes late changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from datetime import UTC, datetime
from typing import Any

from .db import Database
from .text import storable


@dataclass(frozen=True)
class Sample:
    """One look at a modem's signal; None is what it did not say."""

    serial: str
    at: datetime
    rssi_dbm: float | None = None
    rsrp_dbm: float | None = None
    rsrq_db: float | None = None
    sinr_db: float | None = None
    registration: str | None = None
    operator: str | None = None


@dataclass(frozen=True)
class BearerSpan:
    """The address of a modem's bearer (None: it has none) and the interface that has it."""

    serial: str
    interface: str | None
    address: str | None
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True)
class SimSpan:
    """The SIM in a modem, by ICCID (None: there is none); imsi None where nobody could read it."""

    serial: str
    iccid: str | None
    imsi: str | None
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True)
class PlaceSpan:
    """The USB port that a modem is at (None: it is unplugged)."""

    serial: str
    usb_path: str | None
    since: datetime
    until: datetime | None = None


class History:
    """Writes observations of one host's modems; reads those of any. DatabaseGoneError."""

    def __init__(self, database: Database, host: str) -> None:
        self._database = database
        self._host = host

    def record_samples(self, samples: Sequence[Sample]) -> None:
        """Write samples, all or none. One that is there already is not written twice."""
        self._database.insert_many("add_sample", [self._sample(sample) for sample in samples])

    def bearers(self, seen: Sequence[BearerSpan]) -> None:
        """Write what was seen, all or none."""
        self._see("see_bearer", seen)

    def sims(self, seen: Sequence[SimSpan]) -> None:
        """Write what was seen, all or none."""
        self._see("see_sim", seen)

    def places(self, seen: Sequence[PlaceSpan]) -> None:
        """Write what was seen, all or none."""
        self._see("see_place", seen)

    def samples_of(self, serial: str, since: datetime) -> list[Sample]:
        """A modem's samples since then, oldest first."""
        rows = self._database.rows("list_samples", {"serial": serial, "since": since})
        return [Sample(**(row | {"at": row["at"].astimezone(UTC)})) for row in rows]

    def bearers_of(self, serial: str, limit: int) -> list[BearerSpan]:
        """A modem's newest spans, newest first."""
        return [BearerSpan(**row) for row in self._spans("list_bearers", serial, limit)]

    def sims_of(self, serial: str, limit: int) -> list[SimSpan]:
        """A modem's newest spans, newest first."""
        return [SimSpan(**row) for row in self._spans("list_sims", serial, limit)]

    def places_of(self, serial: str, limit: int) -> list[PlaceSpan]:
        """A modem's newest spans, newest first."""
        return [PlaceSpan(**row) for row in self._spans("list_places", serial, limit)]

    def _see(self, name: str, seen: Sequence[BearerSpan | SimSpan | PlaceSpan]) -> None:
        self._database.run_many(
            name, [asdict(one) | {"host": self._host, "at": one.since} for one in seen]
        )

    def _sample(self, sample: Sample) -> tuple[Any, ...]:
        serial, at, *signal, registration, operator = astuple(sample)
        return (serial, at, self._host, *signal, storable(registration), storable(operator))

    def _spans(self, name: str, serial: str, limit: int) -> list[dict[str, Any]]:
        rows = self._database.rows(name, {"serial": serial, "limit": limit})
        return [row | {key: _utc(row[key]) for key in ("since", "until")} for row in rows]


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)
