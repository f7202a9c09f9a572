# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports of modems whose volume is used up are closed by an apply, whatever else it does."""

from datetime import UTC, datetime, timedelta

import pytest

from modemfarm.apply import guard
from modemfarm.hold import Hold

from .conftest import SERIALS


@pytest.fixture
def two(farm):
    """Two modems that serve; the volume of the first is used up."""
    serials = farm.plug(1), farm.plug(2)
    farm.apply()
    farm.rows[0]["quota"] = "hard"
    return farm, *serials


def port(farm, slot):
    return farm.settings["port_base"] + slot


def nft(farm):
    return [call for call in farm.world.calls if call.startswith("nft -f")]


def test_a_stop_is_the_only_change(two):
    farm, one, _ = two
    before = farm.files()
    result, rows = farm.apply(one)
    assert rows[one]["changed"] == ["quota"]
    assert rows[one]["state"] == "serving"
    assert farm.world.stopped == {port(farm, 1)}
    assert farm.files() == before
    (diff,) = result["diff"]
    assert diff["after"] == f"{port(farm, 1)}\n"
    assert farm.apply(one)[0]["changed"] is False
    farm.rows[0]["quota"] = "soft"
    assert farm.apply(one)[1][one]["changed"] == ["quota"]
    assert farm.world.stopped == set()


def test_check_mode_says_what_it_would_close_and_closes_nothing(two):
    farm, one, two_ = two
    result, rows = farm.apply(check_mode=True)
    assert (rows[one]["changed"], rows[two_]["changed"]) == (["quota"], [])
    assert farm.world.stopped == set()
    assert result["host"] == []


def test_a_stop_comes_before_the_way_out(farm):
    """At boot the guard has no elements, so nobody gets through before this."""
    one = farm.plug(1)
    farm.rows[0]["quota"] = "hard"
    farm.apply(one)
    first, second = nft(farm)
    assert "add element inet modemfarm_guard stopped" in first
    assert "add element inet modemfarm_guard uplinks" in second


def test_where_the_port_cannot_be_closed_nobody_gets_out(farm):
    one = farm.plug(1)
    farm.rows[0]["quota"] = "hard"
    farm.world.fail["stopped"] = "nft: no such set"
    _, rows = farm.apply(one)
    assert rows[one]["state"] == "failed"
    assert farm.world.elements == set()


def test_modems_that_are_not_in_the_run_are_closed_as_well(two):
    farm, _, second = two
    _, rows = farm.apply(second)
    assert farm.world.stopped == {port(farm, 1)}
    assert rows[second]["changed"] == []


def test_a_held_modem_is_closed_and_not_touched_otherwise(two):
    farm, one, _ = two
    hold = Hold(datetime.now(UTC) + timedelta(hours=1), "cli:alice", "antenna")
    farm.rows[0]["hold"] = hold.as_dict()
    _, rows = farm.apply(one)
    assert rows[one]["state"] == "held"
    assert farm.world.stopped == {port(farm, 1)}


def test_ports_of_nobody_are_opened_and_told(two):
    farm, _, _ = two
    farm.rows[0]["quota"] = None
    farm.world.stopped = {9999}
    result, _ = farm.apply(check_mode=True)
    assert result["host"] == ["quota"]
    farm.apply()
    assert farm.world.stopped == set()


def test_a_slot_that_the_settings_do_not_have_is_no_port(two):
    farm, _, second = two
    farm.rows.append({"serial": SERIALS[9], "slot": 9, "quota": "hard", "present": False})
    farm.apply(second)
    assert farm.world.stopped == {port(farm, 1)}


def test_a_guard_from_before_there_were_stops(two):
    farm, one, second = two
    farm.world.stopped = None
    _, rows = farm.apply()
    assert rows[one]["state"] == "failed"
    assert "cannot close its port" in rows[one]["reason"]
    assert rows[one]["remedy"] == "run the role routing on this host"
    assert rows[second]["state"] == "serving"


def test_the_words_for_nft():
    assert guard.stop_transaction((), ()) == ""
    assert guard.stop_transaction({3129}, {3130, 3128}) == (
        "delete element inet modemfarm_guard stopped { 3129 }\n"
        "add element inet modemfarm_guard stopped { 3128, 3130 }\n"
    )
