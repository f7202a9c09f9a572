# SPDX-License-Identifier: GPL-3.0-or-later
"""What is behind modem_config, at a virtual modem."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from modemfarm import modem_lock
from modemfarm.config import apply, composition
from modemfarm.pin.ledger import Ledger
from modemfarm.reset import comeback
from modemfarm.tasks import common
from modemfarm.tasks import config as task


@pytest.fixture(autouse=True)
def places(monkeypatch, tmp_path):
    monkeypatch.setattr(comeback, "LEAVE_S", 3.0)
    monkeypatch.setattr(comeback, "RETURN_S", 5.0)
    monkeypatch.setattr(composition, "DRIVER_S", 3.0)
    monkeypatch.setattr(task, "Ledger", lambda: Ledger(tmp_path / "pin-tries.json"))


def config(world, modem, check_mode=False, **wanted):
    arguments = dict.fromkeys(task.ARGUMENTS) | {"correlation": ""} | wanted
    return task.run(arguments | {"modem": modem.imei}, check_mode, world.here)


def test_settings_are_written_once_and_read_back(world):
    modem = world.plug(1)
    wanted = {"apn": "other.example", "scan_mode": "lte", "lte_bands": [3, 20]}
    foretold = config(world, modem, check_mode=True, **wanted)
    assert foretold["changed"] is True, foretold
    assert foretold["diff"]["after"]["scan_mode"] == "lte"
    assert modem.apn == "internet"
    done = config(world, modem, **wanted)
    assert done["changes"] == foretold["changes"]
    assert [change["name"] for change in done["changes"]] == ["apn", "scan_mode", "lte_bands"]
    assert modem.apn == "other.example"
    again = config(world, modem, **wanted)
    assert (again["changed"], again["changes"]) == (False, [])


def test_operator_by_digits_and_back(world):
    modem = world.plug(1)
    chosen = config(world, modem, operator="26201")
    assert chosen.get("changes") == [
        {"name": "operator", "before": "automatic", "after": "26201"}
    ], chosen
    assert config(world, modem, operator="26201")["changed"] is False
    assert config(world, modem, operator="automatic")["changed"] is True
    assert config(world, modem, operator="automatic")["changed"] is False


def test_a_bad_value_is_found_before_the_modem_is_touched(world):
    modem = world.plug(1)
    result = config(world, modem, apn="x", lte_bands=[99])
    assert (result["failed"], result["error"]) == (True, "InvalidValueError")
    assert "lte_bands" in result["msg"]
    assert modem.counters.at_commands == 0


def test_composition_changes_and_the_modem_comes_back_in_it(world):
    modem = world.plug(1)
    foretold = config(world, modem, check_mode=True, composition="ecm")
    assert foretold["changes"] == [{"name": "composition", "before": "qmi", "after": "ecm"}]
    done = config(world, modem, composition="ecm")
    assert done["changes"] == foretold["changes"], done
    assert config(world, modem, composition="ecm")["changed"] is False
    assert config(world, modem, composition="qmi")["changed"] is True


def test_a_modem_that_does_not_come_back_stops_the_next(world):
    modem, other = world.plug(1, reboot_seconds=60), world.plug(2)
    result = config(world, modem, composition="ecm")
    assert (result["failed"], result["error"]) == (True, "CommandTimeoutError")
    assert "power-cycle" in result["remedy"]
    assert config(world, other, composition="ecm")["changed"] is True


def test_compositions_of_a_host_change_one_at_a_time(world, monkeypatch):
    modem = world.plug(1)
    monkeypatch.setattr(composition, "LOCK_WAIT_S", 0.1)
    lock = world.root / "run/modemfarm/udev/composition.lock"
    with apply.composition.held(lock, 1.0, "a test"):
        result = config(world, modem, composition="ecm")
    assert (result["failed"], result["error"]) == (True, "TransientError")
    assert "AT+CFUN=1,1" not in [row["command"] for row in world.log()]


def lock_sim(world, modem, pin="1234"):
    world.lab.call(modem.faults.set, "sim", "pin")
    modem.sim.pin = pin


def test_the_right_pin_opens_the_sim_and_is_nowhere_to_be_read(world):
    modem = world.plug(1)
    lock_sim(world, modem, "4711")
    foretold = config(world, modem, check_mode=True, pin="4711")
    assert foretold["changes"] == [{"name": "pin", "before": "pin required", "after": "ready"}]
    assert modem.sim.pin_attempts == 0
    done = config(world, modem, pin="4711")
    assert done["changed"] is True, done
    assert modem.sim.pin_attempts == 1
    assert config(world, modem, pin="4711")["changed"] is False
    assert "4711" not in str(world.log()) + str(done)


def test_a_wrong_pin_is_tried_once_ever(world):
    modem = world.plug(1)
    lock_sim(world, modem)
    first = config(world, modem, pin="9999")
    assert (first["failed"], first["error"]) == (True, "WrongPasswordError")
    second = config(world, modem, pin="9999")
    assert (second["failed"], second["error"]) == (True, "PinPolicyError")
    assert modem.sim.pin_attempts == 1


def test_a_locked_sim_without_a_pin_says_what_to_give(world):
    modem = world.plug(1)
    lock_sim(world, modem)
    result = config(world, modem, apn="other.example")
    assert (result["failed"], result["error"]) == (True, "SimPinError")
    assert "pin" in result["remedy"]


def test_a_held_or_busy_modem_is_not_configured(world, monkeypatch):
    monkeypatch.setattr(common, "LOCK_WAIT_S", 0.2)
    modem = world.plug(1)
    with modem_lock.held_one(modem.imei, 0, "modem_apply", world.root / "run/modemfarm/locks"):
        result = config(world, modem, apn="other.example")
    assert (result["failed"], result["error"]) == (True, "ModemBusyError")
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    hold = {"until": until, "by": "anna", "reason": "antenna work"}
    snapshot = world.root / "var/lib/modemfarm/modems.json"
    snapshot.parent.mkdir(parents=True)
    row = {"serial": modem.imei, "slot": 1, "hold": hold}
    snapshot.write_text(json.dumps({"version": 1, "host": "lab", "modems": [row]}))
    result = config(world, modem, apn="other.example")
    assert (result["failed"], result["error"]) == (True, "HeldError")
    assert modem.counters.at_commands == 0
    assert config(world, modem, apn="other.example", ignore_hold=True)["changed"] is True
    assert modem.apn == "other.example"


def test_without_a_readable_snapshot_nobody_knows_of_holds(world):
    modem = world.plug(1)
    snapshot = world.root / "var/lib/modemfarm/modems.json"
    snapshot.parent.mkdir(parents=True)
    snapshot.write_text("{")
    result = config(world, modem, apn="other.example")
    assert (result["failed"], result["error"]) == (True, "SnapshotError")
    assert modem.counters.at_commands == 0


def test_an_apn_that_is_written_notes_that_the_radio_may_be_off(world, monkeypatch):
    modem = world.plug(1)
    notes = world.root / "run/modemfarm/undo"
    seen = []
    real = task.configure

    def look(*arguments):
        seen.append([path.name for path in notes.iterdir()])
        return real(*arguments)

    monkeypatch.setattr(task, "configure", look)
    assert config(world, modem, apn="other.example")["changed"] is True
    assert seen == [[modem.imei]]
    assert list(notes.iterdir()) == []
