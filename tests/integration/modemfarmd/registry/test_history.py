# SPDX-License-Identifier: GPL-3.0-or-later
"""Spans on a real PostgreSQL: repeated, changed, late and lost observations, and other hosts'."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from modemfarmd.registry.db import Database
from modemfarmd.registry.history import BearerSpan, History, PlaceSpan, Sample, SimSpan

ONE, TWO = "867584030000017", "867584030000025"
START = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
ICCID = "8949020000000000001"


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


@pytest.fixture
def history(database: Database) -> History:
    return History(database, "lab")


def bearer(minute: int, address: str | None, serial: str = ONE) -> BearerSpan:
    return BearerSpan(serial, "wwan0", address, at(minute))


def test_a_repeated_observation_adds_nothing(history: History) -> None:
    for minute in range(5):
        history.bearers([bearer(minute, "10.64.1.2")])
        history.places([PlaceSpan(ONE, "1-1.4", at(minute))])
        history.sims([SimSpan(ONE, ICCID, "26202", at(minute))])
    assert history.bearers_of(ONE, 9) == [bearer(0, "10.64.1.2")]
    assert history.places_of(ONE, 9) == [PlaceSpan(ONE, "1-1.4", at(0))]
    assert history.sims_of(ONE, 9) == [SimSpan(ONE, ICCID, "26202", at(0))]


def test_another_address_ends_the_span_and_none_begins_none(history: History) -> None:
    history.bearers([bearer(0, "10.64.1.2"), bearer(1, "10.64.1.3"), bearer(2, None)])
    history.bearers([bearer(3, None), bearer(4, "10.64.1.3")])
    assert history.bearers_of(ONE, 9) == [
        bearer(4, "10.64.1.3"),
        replace(bearer(1, "10.64.1.3"), until=at(2)),
        replace(bearer(0, "10.64.1.2"), until=at(1)),
    ]


def test_another_interface_is_another_span(history: History) -> None:
    history.bearers([bearer(0, "10.64.1.2"), replace(bearer(1, "10.64.1.2"), interface="wwan7")])
    assert [span.interface for span in history.bearers_of(ONE, 9)] == ["wwan7", "wwan0"]


def test_a_batch_whose_commit_nobody_saw_may_come_again(history: History) -> None:
    batch = [bearer(0, "10.64.1.2"), bearer(1, None), bearer(2, "10.64.1.9"), bearer(3, None)]
    history.bearers(batch)
    before = history.bearers_of(ONE, 9)
    history.bearers(batch)
    history.bearers([bearer(2, "10.64.1.77")])
    assert history.bearers_of(ONE, 9) == before
    assert [span.until for span in before] == [at(3), at(1)]


def test_a_late_observation_changes_nothing(history: History) -> None:
    history.places([PlaceSpan(ONE, "1-2", at(5))])
    history.places([PlaceSpan(ONE, "1-1", at(3)), PlaceSpan(ONE, None, at(4))])
    assert history.places_of(ONE, 9) == [PlaceSpan(ONE, "1-2", at(5))]


def test_modems_do_not_touch_each_other(history: History) -> None:
    history.places([PlaceSpan(ONE, "1-1", at(0)), PlaceSpan(TWO, "1-2", at(0))])
    history.places([PlaceSpan(ONE, "1-3", at(1))])
    assert history.places_of(TWO, 9) == [PlaceSpan(TWO, "1-2", at(0))]


def test_an_imsi_that_comes_later_belongs_to_the_same_sim(history: History) -> None:
    history.sims([SimSpan(ONE, ICCID, None, at(0)), SimSpan(ONE, ICCID, "26202", at(1))])
    history.sims([SimSpan(ONE, ICCID, None, at(2))])
    assert history.sims_of(ONE, 9) == [SimSpan(ONE, ICCID, "26202", at(0))]
    history.sims([SimSpan(ONE, ICCID, "26201", at(3)), SimSpan(ONE, None, None, at(4))])
    assert history.sims_of(ONE, 9) == [
        SimSpan(ONE, ICCID, "26201", at(3), at(4)), SimSpan(ONE, ICCID, "26202", at(0), at(3))
    ]  # fmt: skip


def test_sims_swapped_between_two_modems(history: History) -> None:
    other = "8949020000000000002"
    history.sims([SimSpan(ONE, ICCID, None, at(0)), SimSpan(TWO, other, None, at(0))])
    history.sims([SimSpan(ONE, other, None, at(1)), SimSpan(TWO, ICCID, None, at(1))])
    assert [span.iccid for span in history.sims_of(ONE, 9)] == [other, ICCID]
    assert [span.iccid for span in history.sims_of(TWO, 9)] == [ICCID, other]


def test_a_modem_that_goes_to_another_host(database: Database, history: History) -> None:
    there = History(database, "elsewhere")
    history.places([PlaceSpan(ONE, "1-1", at(0))])
    there.places([PlaceSpan(ONE, "1-1", at(1))])
    history.places([PlaceSpan(ONE, None, at(2))])  # the old host notices late; it is not its modem
    assert history.places_of(ONE, 9) == [
        PlaceSpan(ONE, "1-1", at(1)), PlaceSpan(ONE, "1-1", at(0), at(1))
    ]  # fmt: skip


def test_samples_come_back_once(history: History) -> None:
    first = Sample(ONE, at(0), -71.0, -98.5, -11.0, 12.0, "home", "Test\x00\ud800")
    second = Sample(ONE, at(1))
    history.record_samples([second, first])
    history.record_samples([first, Sample(TWO, at(0), -80.0)])
    assert history.samples_of(ONE, at(0)) == [replace(first, operator="Test\\x00\\ud800"), second]
    assert history.samples_of(ONE, at(1)) == [second]
