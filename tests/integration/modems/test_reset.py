# SPDX-License-Identifier: GPL-3.0-or-later
"""What is behind modem_reset, at a virtual modem."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

from modemfarm import modem_lock
from modemfarm.reset import comeback, steps
from modemfarm.tasks import common
from modemfarm.tasks.reset import run
from modemfarmd.apply.leftovers import settle_leftovers

# A step in a process of its own, with a radio that stays off until somebody ends it.
STEP = """
import sys
from pathlib import Path
from modemfarm.reset import steps
from modemfarm.tasks.common import Here
from modemfarm.tasks.reset import run
steps.RADIO_HOLD_S = 60.0
root = Path(sys.argv[1])
here = Here(root, root / "run/lock", root / "var/lib/modemfarm/spool")
answer = run({"modem": sys.argv[2], "step": "radio", "correlation": ""}, False, here)
print(answer.get("msg"), answer["before"]["registration"], flush=True)
"""


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(steps, "RADIO_HOLD_S", 0.1)
    monkeypatch.setattr(comeback, "LEAVE_S", 3.0)
    monkeypatch.setattr(comeback, "RETURN_S", 5.0)


def reset(world, modem, step, check_mode=False, **more):
    return run({"modem": modem, "step": step, "correlation": "", **more}, check_mode, world.here)


def hold(world, modem, hours=1):
    until = (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
    row = {"serial": modem.imei, "slot": 1, "present": True, "usb_path": "1-1",
           "hold": {"until": until, "by": "anna", "reason": "antenna work"}}  # fmt: skip
    path = world.root / "var/lib/modemfarm/modems.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"version": 1, "host": "lab", "modems": [row]}))


def test_a_restart_comes_back_as_a_new_device(world):
    modem = world.plug(1)
    result = reset(world, modem.imei, "reset")
    assert "failed" not in result, result
    assert (result["changed"], result["step"]) == (True, "reset")
    assert result["before"]["devnum"] != result["after"]["devnum"]
    assert result["after"]["registration"] == "home"
    assert "AT+CFUN=1,1" in [row["command"] for row in world.log()]


def test_the_radio_goes_off_and_on(world):
    modem = world.plug(1)
    result = reset(world, modem.imei, "radio")
    assert "failed" not in result, result
    said = [row["command"] for row in world.log()]
    assert said.index("AT+CFUN=0") < said.index("AT+CFUN=1")
    assert modem.radio.function == 1


def test_check_mode_touches_nothing(world):
    modem = world.plug(1)
    result = reset(world, modem.imei, "reset", check_mode=True)
    assert result["changed"] is True
    assert modem.counters.at_commands == 0


def test_one_that_stays_away_is_named_with_a_remedy(world):
    modem = world.plug(1, reboot_seconds=60)
    result = reset(world, modem.imei, "reset")
    assert (result["failed"], result["error"]) == (True, "CommandTimeoutError")
    assert (result["modem"], result["command"]) == (modem.imei, "step reset")
    assert "power-cycle" in result["remedy"]


def test_another_modem_in_its_place_is_not_taken_for_it(world):
    modem = world.plug(1, reboot_seconds=60)
    other = world.plug(2)

    def swap():
        face = world.faces[other.imei]
        face.close()
        face._path, face._real = "1-1", face._real.with_name("1-1")
        face.open()

    world.lab.call(lambda: modem.clock.later(1.0, swap))
    result = reset(world, modem.imei, "reset")
    assert (result["failed"], result["error"]) == (True, "CommandTimeoutError")


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_held_modem_is_refused_with_who_holds_it(world, check_mode):
    modem = world.plug(1)
    hold(world, modem)
    result = reset(world, modem.imei, "radio", check_mode)
    assert (result["failed"], result["error"], result["modem"]) == (True, "HeldError", modem.imei)
    assert "held by anna until" in result["msg"]
    assert "ignore_hold" in result["remedy"]
    assert "before" not in result
    assert modem.counters.at_commands == 0


def test_who_placed_the_hold_may_work(world):
    modem = world.plug(1)
    hold(world, modem)
    assert "failed" not in reset(world, modem.imei, "radio", ignore_hold=True)
    hold(world, modem, hours=-1)
    assert "failed" not in reset(world, modem.imei, "radio")


def test_a_busy_modem_is_not_touched(world, monkeypatch):
    monkeypatch.setattr(common, "LOCK_WAIT_S", 0.2)
    modem = world.plug(1)
    folder = world.root / "run/modemfarm/locks"
    with modem_lock.held_one(modem.imei, 0, "modem_apply (process 4711)", folder):
        result = reset(world, modem.imei, "radio")
    assert (result["failed"], result["error"]) == (True, "ModemBusyError")
    assert "another run works on it: modem_apply (process 4711)" in result["msg"]
    assert modem.counters.at_commands == 0
    assert "failed" not in reset(world, modem.imei, "radio")


def test_a_step_that_failed_has_its_evidence_from_before(world):
    modem = world.plug(1, reboot_seconds=60)
    result = reset(world, modem.imei, "reset")
    assert result["before"]["registration"] == "home"
    assert (result["after"], result["step"]) == (None, "reset")
    assert result["seconds"] >= 5


@pytest.fixture
def ended(world):
    """Start the step radio in a process, and end that with a signal once the radio is off."""

    def end(modem, number):
        command = [sys.executable, "-c", STEP, str(world.root), modem.imei]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            until(lambda: modem.radio.function == 0)
            os.kill(process.pid, number)
            said, _ = process.communicate(timeout=60)
        return said

    (world.root / "var/lib/modemfarm/spool").mkdir(parents=True)
    return end


def until(reached):
    deadline = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def notes(world):
    return [path.name for path in (world.root / "run/modemfarm/undo").iterdir()]


def test_sigterm_in_the_middle_leaves_the_radio_on(world, ended):
    modem = world.plug(1)
    said = ended(modem, signal.SIGTERM)
    assert said.startswith("this run was told to end")
    assert said.strip().endswith(" home")
    assert modem.radio.function == 1
    assert notes(world) == []
    assert not modem_lock.is_held(modem.imei, world.root / "run/modemfarm/locks")


def test_sigkill_in_the_middle_is_undone_at_the_next_start(world, ended):
    modem = world.plug(1)
    ended(modem, signal.SIGKILL)
    assert modem.radio.function == 0
    assert notes(world) == [modem.imei]
    hold(world, modem)
    settle_leftovers(world.root)  # an operator is at work: nothing writes
    assert modem.radio.function == 0
    hold(world, modem, hours=-1)
    settle_leftovers(world.root)
    assert modem.radio.function == 1
    assert notes(world) == []


def test_a_step_that_runs_is_not_undone_by_others(world):
    modem = world.plug(1)
    locks, folder = world.root / "run/modemfarm/locks", world.root / "run/modemfarm/undo"
    with modem_lock.held_one(modem.imei, 0, "modem_reset radio", locks):
        steps.Note(modem.imei, steps.Undo("radio", "1-1"), folder)
        settle_leftovers(world.root)
    assert notes(world) == [modem.imei]
    assert modem.counters.at_commands == 0
