# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.hold: it ends, it says who and why, and nothing else passes for one."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from modemfarm.errors import InvalidValueError
from modemfarm.hold import LONGEST, HeldError, Hold, parse, parse_time, place, refuse_held

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ROW = {"until": "2026-01-31T13:00:00Z", "by": "anna", "reason": "antenna work"}


def test_it_holds_until_it_ends():
    hold = place(NOW + HOUR, "anna", "antenna work", NOW)
    assert hold.active(NOW)
    assert hold.active(NOW + HOUR - timedelta(microseconds=1))
    assert not hold.active(NOW + HOUR)
    assert str(hold) == "held by anna until 2026-01-31T13:00:00Z: antenna work"


def test_round_trip_in_utc():
    east = timezone(timedelta(hours=2))
    hold = place(datetime(2026, 1, 31, 15, 0, tzinfo=east), "anna", "antenna work", NOW)
    assert hold.as_dict() == ROW
    assert parse(hold.as_dict()) == hold


def test_longest_and_past():
    assert place(NOW + LONGEST, "a", "b", NOW).active(NOW)
    for until in (NOW, NOW - HOUR, NOW + LONGEST + timedelta(seconds=1)):
        with pytest.raises(InvalidValueError, match="at most 7 days"):
            place(until, "a", "b", NOW)
    with pytest.raises(InvalidValueError, match="with its zone"):
        place(datetime(2026, 1, 31, 13, 0), "a", "b", NOW)


def test_one_that_is_over_is_still_read():
    assert parse(ROW | {"until": "2001-01-01T00:00:00+00:00"}).active(NOW) is False


@pytest.mark.parametrize(
    "bad",
    [
        "yes", [], {}, {"until": ROW["until"]}, ROW | {"extra": 1},
        ROW | {"until": None}, ROW | {"until": 1769864400}, ROW | {"until": "tomorrow"},
        ROW | {"until": "2026-01-31T13:00:00"}, ROW | {"until": "0001-01-01T00:00:00+14:00"},
        ROW | {"by": ""}, ROW | {"by": "x" * 65}, ROW | {"by": "a\nb"}, ROW | {"by": 3},
        ROW | {"reason": "  "}, ROW | {"reason": "x" * 201}, ROW | {"reason": "\x1b[31m"},
    ],
)  # fmt: skip
def test_what_is_none_is_refused(bad):
    with pytest.raises(InvalidValueError, match="hold"):
        parse(bad)


def test_time_with_its_zone():
    assert parse_time("2026-01-31T14:00:00+02:00") == NOW
    with pytest.raises(InvalidValueError, match="until"):
        parse_time("2026-01-31T14:00:00")


def test_only_who_says_so_works_on_a_held_modem():
    hold = Hold(NOW + HOUR, "anna", "antenna work")
    with pytest.raises(HeldError, match="held by anna until") as caught:
        refuse_held(hold, NOW, "867584030000017")
    assert "ignore_hold" in caught.value.remedy
    assert caught.value.modem == "867584030000017"
    refuse_held(hold, NOW, "867584030000017", ignore=True)
    refuse_held(hold, NOW + HOUR, "867584030000017")
    refuse_held(None, NOW, "867584030000017")
