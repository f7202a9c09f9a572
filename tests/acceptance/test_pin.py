# SPDX-License-Identifier: GPL-3.0-or-later
"""A wrong PIN in the farm's settings costs a SIM one try, whatever is restarted or replugged."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from modemlab.host import farm
from modemlab.host.lab import Lab

NUMBER, WRONG, RIGHT = 41, 42, "1234"
PINS = "/etc/modemfarm/pins.json"
ROUNDS = 3


def modem(lab: Lab, number: int) -> Any:
    return next(m for m in lab.control("list")["modems"] if m["number"] == number)


def attempts(lab: Lab, number: int) -> int:
    return int(modem(lab, number)["counters"]["pin_attempts"])


@pytest.fixture
def locked(lab: Lab) -> Iterator[tuple[Any, Any]]:
    """Two modems whose SIMs want a PIN; the farm knows a right one for the first."""
    for number in (NUMBER, WRONG):
        lab.control("add", n=number, count=1, faults={"sim": "pin"})
    good, bad = modem(lab, NUMBER), modem(lab, WRONG)
    pins = json.dumps({good["iccid"]: RIGHT, bad["iccid"]: "9999"}).encode()
    install = ["sudo", "install", "-m", "0600", "-o", "modemfarm", "-g", "modemfarm"]
    before = lab.guest.run(["sudo", "cat", PINS]).stdout
    lab.guest.run([*install, "/dev/stdin", PINS], stdin=pins)
    yield good, bad
    lab.control("remove", modem=[NUMBER, WRONG])
    lab.guest.run([*install, "/dev/stdin", PINS], stdin=before)


def reason(lab: Lab, imei: str) -> str:
    return next((r.get("reason") or "" for r in farm.rows(lab) if r["serial"] == imei), "")


def test_one_try_for_a_wrong_pin_and_service_for_a_right_one(
    lab: Lab, locked: tuple[Any, Any]
) -> None:
    good, bad = locked
    lab.control("plug", modem=[NUMBER, WRONG])
    farm.wait_for(
        farm.serving(lab, {good["imei"]}), 240, "the right PIN serves", lambda: farm.explain(lab)
    )
    farm.wait_for(
        lambda: "PIN" in reason(lab, bad["imei"]), 120, "the PIN is shown as the reason",
        lambda: farm.explain(lab),
    )  # fmt: skip
    assert attempts(lab, WRONG) == 1
    for _ in range(ROUNDS):
        lab.guest.run(["sudo", "systemctl", "restart", "modemfarm-agent"], timeout=240)
        lab.control("unplug", modem=WRONG)
        lab.control("plug", modem=WRONG)
        farm.wait_for(
            lambda: [r for r in farm.rows(lab) if r["serial"] == bad["imei"] and r["present"]
                     and "PIN" in (r["reason"] or "")],
            120, "seen again, and the PIN is still the reason", lambda: farm.explain(lab),
        )  # fmt: skip
    assert attempts(lab, WRONG) == 1
    # The right one's SIM stayed open: it was asked once and never again.
    assert attempts(lab, NUMBER) == 1
