# SPDX-License-Identifier: GPL-3.0-or-later
"""What the registry remembers of a modem and REST does not give: for a page that has asked REST
whether its user may see the modem.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ..api.parts import Parts
from ..registry.history import BearerSpan, History, PlaceSpan, Sample, SimSpan
from ..registry.repairs import Repair, RepairBook

DAY = timedelta(hours=24)
REPAIRS = timedelta(days=30)
MOST = 50
POINTS = 720  # of a curve: a day at two minutes; a screen has no more


@dataclass(frozen=True)
class Past:
    """Newest first, but samples oldest first."""

    samples: list[Sample]
    bearers: list[BearerSpan]
    sims: list[SimSpan]
    places: list[PlaceSpan]
    repairs: list[Repair]


def read_past(parts: Parts, modem: dict[str, Any], serial: str) -> Past:
    """DatabaseGoneError."""
    now = parts.now()
    with parts.pool.database() as database:
        history = History(database, modem["host"])
        samples = history.samples_of(serial, now - DAY)
        repairs = RepairBook(database, modem["host"]).recent(now - REPAIRS)
        return Past(
            samples[:: max(1, len(samples) // POINTS)],
            history.bearers_of(serial, MOST),
            history.sims_of(serial, MOST),
            history.places_of(serial, MOST),
            [one for one in reversed(repairs) if one.serial == serial][:MOST],
        )
