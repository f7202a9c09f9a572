# SPDX-License-Identifier: GPL-3.0-or-later
"""What is behind modem_reset, at a virtual modem."""

import pytest

from modemfarm.reset import comeback, steps
from modemfarm.tasks.reset import run


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(steps, "RADIO_HOLD_S", 0.1)
    monkeypatch.setattr(comeback, "LEAVE_S", 3.0)
    monkeypatch.setattr(comeback, "RETURN_S", 5.0)


def reset(world, modem, step, check_mode=False):
    return run({"modem": modem, "step": step, "correlation": ""}, check_mode, world.here)


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
