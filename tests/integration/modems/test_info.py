# SPDX-License-Identifier: GPL-3.0-or-later
"""What is behind modem_info, at virtual modems."""

from modemfarm.info import DEFAULT, GROUPS
from modemfarm.tasks.info import run

BY_AT = [name for name in GROUPS if name != "qmi"]


def facts(world, *, modems=(), gather=DEFAULT):
    asked = {"modems": list(modems), "gather": list(gather), "correlation": "t-1"}
    return run(asked, False, world.here)


def test_every_question_of_every_group_is_answered(world):
    modem = world.plug(1)
    (row,) = facts(world, gather=BY_AT)["modems"]
    assert (row["errors"], row["error"]) == ({}, None)
    assert (row["serial"], row["iccid"], row["imsi"]) == (modem.imei, modem.iccid, modem.imsi)
    assert set(row["at"]) == {name for group in GROUPS.values() for name in group}
    assert row["at"]["registration"]["state"] == "home"
    assert row["at"]["operator"]["name"] == modem.operator.name
    assert row["at"]["provider"]["plmn"] == modem.operator.plmn
    assert row["at"]["composition"] == "qmi"


def test_one_silent_modem_costs_the_others_nothing(world):
    modems = [world.plug(number) for number in (1, 2, 3)]
    world.lab.call(modems[1].faults.set, "silent", "all")
    rows = facts(world)["modems"]
    assert [row["serial"] for row in rows] == [modem.imei for modem in modems]
    assert "did not answer" in rows[1]["error"]
    assert [row["error"] for row in (rows[0], rows[2])] == [None, None]


def test_a_missing_sim_is_a_reason_by_question(world):
    modem = world.plug(1)
    world.lab.call(modem.faults.set, "sim", "missing")
    (row,) = facts(world)["modems"]
    assert (row["serial"], row["iccid"], row["error"]) == (modem.imei, None, None)
    assert row["at"]["sim_state"] == "not inserted"
    assert "SIM" in row["errors"]["pin_tries"]


def test_modems_are_chosen_by_imei_or_path_noted_or_not(world):
    first, second = world.plug(1), world.plug(2, noted=False)
    world.plug(3)
    chosen = facts(world, modems=["1-1", second.imei])["modems"]
    assert [row["serial"] for row in chosen] == [first.imei, second.imei]


def test_an_unknown_modem_or_group_is_refused_with_what_there_is(world):
    modem = world.plug(1)
    unknown = facts(world, modems=["867584030000999"])
    assert (unknown["failed"], unknown["error"]) == (True, "InvalidValueError")
    assert modem.imei in unknown["remedy"]
    group = facts(world, gather=["everything"])
    assert (group["failed"], group["error"]) == (True, "InvalidValueError")
    assert "identity" in group["remedy"]


def test_asked_for_nothing_no_port_is_opened(world):
    modem = world.plug(1, noted=False)
    (row,) = facts(world, gather=["none"])["modems"]
    assert (row["serial"], row["at_port"], row["composition"]) == (None, "ttyUSB3", "qmi")
    assert modem.counters.at_commands == 0


def test_what_is_said_is_in_the_log_of_a_modem_nobody_had_noted(world):
    modem = world.plug(1, noted=False)
    facts(world)
    rows = world.log()
    assert {row["serial"] for row in rows} == {modem.imei}
    assert "AT+CSQ" in [row["command"] for row in rows]
    assert {row["correlation"] for row in rows} == {"t-1"}
