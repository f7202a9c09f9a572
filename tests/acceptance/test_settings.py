# SPDX-License-Identifier: GPL-3.0-or-later
"""modem_config and modem_reset on modems of their own, behind the kernel's own drivers."""

from collections.abc import Iterator

import pytest

from modemlab.host import adhoc, farm
from modemlab.host.lab import Lab

NUMBER = 31


@pytest.fixture(scope="module")
def imei(lab: Lab) -> Iterator[str]:
    """A modem that serves nobody, so that it may be restarted."""
    lab.control("add", n=NUMBER, count=1)
    lab.control("plug", modem=NUMBER)
    (modem,) = [m for m in lab.control("list")["modems"] if m["number"] == NUMBER]
    farm.wait_for(
        farm.serving(lab, {modem["imei"]}), 180, "the modem serves", lambda: farm.explain(lab)
    )
    yield modem["imei"]
    lab.control("remove", modem=NUMBER)


def info(lab: Lab, imei: str) -> farm.Row:
    (row,) = adhoc.run(lab, "modem_info", {"modems": [imei], "gather": ["config"]})["modems"]
    return row


@pytest.fixture
def held(lab: Lab, imei: str) -> Iterator[str]:
    """The modem, kept from the agent: a bearer that it brings up again has the farm's APN."""
    words = ["sudo", "modemfarm", "hold", imei, "--for", "20m", "--reason", "settings by hand"]
    lab.guest.run(words)
    yield imei
    lab.guest.run(["sudo", "modemfarm", "release", imei])
    farm.wait_for(farm.serving(lab, {imei}), 180, "serves again", lambda: farm.explain(lab))


def test_settings_are_predicted_changed_once_and_read_back(lab: Lab, held: str) -> None:
    wanted = {"modem": held, "apn": "other.example", "scan_mode": "lte", "lte_bands": [3, 20],
              "ignore_hold": True}  # fmt: skip
    foretold = adhoc.run(lab, "modem_config", wanted, "--check", "--diff")
    assert foretold["changed"] is True
    assert foretold["diff"]["after"]["scan_mode"] == "lte"
    assert foretold["diff"]["before"]["scan_mode"] == "automatic"
    assert adhoc.run(lab, "modem_config", wanted, "--check")["changes"] == foretold["changes"]
    done = adhoc.run(lab, "modem_config", wanted)
    assert done["changes"] == foretold["changes"]
    again = adhoc.run(lab, "modem_config", wanted)
    assert (again["changed"], again["changes"]) == (False, [])
    refused = adhoc.run(lab, "modem_config", wanted | {"ignore_hold": False})
    assert refused["failed"] is True
    assert "settings by hand" in refused["msg"]
    back = {"modem": held, "apn": "internet", "scan_mode": "automatic",
            "lte_bands": [1, 3, 7, 8, 20, 28], "ignore_hold": True}  # fmt: skip
    assert adhoc.run(lab, "modem_config", back)["changed"] is True


def test_a_bad_value_names_the_field_and_sends_nothing(lab: Lab, imei: str) -> None:
    result = adhoc.run(lab, "modem_config", {"modem": imei, "apn": 'x",1;+CFUN=0'})
    assert (result["failed"], result["error"]) == (True, "InvalidValueError")
    assert "apn" in result["msg"]


def test_composition_there_and_back(lab: Lab, imei: str) -> None:
    there = adhoc.run(lab, "modem_config", {"modem": imei, "composition": "ecm"})
    assert there.get("changed") is True, there
    assert adhoc.run(lab, "modem_config", {"modem": imei, "composition": "ecm"})["changed"] is False
    assert info(lab, imei)["composition"] == "ecm"
    back = adhoc.run(lab, "modem_config", {"modem": imei, "composition": "qmi"})
    assert back.get("changed") is True, back
    farm.wait_for(farm.serving(lab, {imei}), 180, "serves again", lambda: farm.explain(lab))


@pytest.mark.parametrize("step", ["radio", "reset", "usb", "reprobe", "reconnect"])
def test_each_step_brings_the_modem_back(lab: Lab, imei: str, step: str) -> None:
    result = adhoc.run(lab, "modem_reset", {"modem": imei, "step": step})
    assert result.get("failed") is None, result
    assert (result["changed"], result["step"]) == (True, step)
    assert result["after"]["error"] is None
    if step in ("reset",):
        assert result["after"]["devnum"] != result["before"]["devnum"]
    farm.wait_for(farm.serving(lab, {imei}), 180, "serves again", lambda: farm.explain(lab))
