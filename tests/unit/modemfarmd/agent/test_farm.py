# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of the farm: what each change on the bus is called and what it leads to."""

from pathlib import Path

from modemfarm.at.commands.identity import Identity
from modemfarm.snapshot import ModemRecord
from modemfarm.usb import UsbInterface, UsbModem
from modemfarmd.agent.farm import Changes, Device, Farm, Found
from modemfarmd.agent.sim_entry import SimTrouble
from modemfarmd.registry.model import Outcome, Place

A, B = "867584030000017", "867584030000025"
NO_SIM = SimTrouble("SIM not inserted", "insert a SIM, then replug the modem")


def found(serial: str, path: str, devnum: str = "1", iccid: str | None = "8" * 19) -> Found:
    interfaces = (
        UsbInterface(3, (255, 0, 0), "option", "ttyUSB3"),
        UsbInterface(4, (255, 255, 255), "qmi_wwan", None, "cdc-wdm0", "wwan0"),
    )
    usb = UsbModem(path, Path("/nowhere"), "EC25", "", interfaces)
    identity = Identity(serial, iccid, "262010000000001", "EC25", "R1")
    return Found(Device(usb, devnum), identity, None if iccid else NO_SIM)


def kinds(changes: Changes) -> list[str]:
    return [event.kind for event in changes.events]


def test_a_new_modem_is_registered_and_applied() -> None:
    farm = Farm()
    changes = farm.look([found(A, "1-1")])
    assert (kinds(changes), changes.serials) == (["registered"], [A])
    assert farm.records() == ()  # no slot yet
    assert farm.look([found(A, "1-1")]) == Changes()


def test_unplug_and_replug_elsewhere() -> None:
    farm = Farm()
    farm.look([found(A, "1-1")])
    farm.modems[A].place = Place(1, 3128, None)
    assert kinds(farm.look([])) == ["unplugged"]
    assert farm.records() == (ModemRecord(A, 1, "1-1", "8" * 19, None, False),)
    assert kinds(farm.look([found(A, "1-2", "2")])) == ["plugged", "moved"]
    assert farm.modems[A].place == Place(1, 3128, None)


def test_replaced_and_sim_swapped_are_different_things() -> None:
    farm = Farm()
    farm.look([found(A, "1-1")])
    changes = farm.look([found(B, "1-1", "2")])
    assert sorted(kinds(changes)) == ["registered", "replaced", "unplugged"]
    assert sorted(changes.serials) == [A, B]
    changes = farm.look([found(B, "1-1", "3", "9" * 19)])
    assert kinds(changes) == ["restarted", "sim-swapped"]


def test_a_card_that_is_changed_while_the_modem_is_on_is_a_swap() -> None:
    """It is away for a while between the two; the card from before comes back without a swap."""
    farm = Farm()
    farm.look([found(A, "1-1")])
    assert kinds(farm.look([found(A, "1-1", iccid=None)])) == ["sim-unreadable"]
    assert kinds(farm.look([found(A, "1-1")])) == []
    farm.look([found(A, "1-1", iccid=None)])
    changes = farm.look([found(A, "1-1", iccid="9" * 19)])
    assert kinds(changes) == ["sim-swapped"]
    assert changes.events[0].detail == {"iccid": "9" * 19, "before": "8" * 19}


def test_a_missing_sim_is_a_reason() -> None:
    farm = Farm()
    farm.look([found(A, "1-1", iccid=None)])
    assert farm.modems[A].seen.reason == "SIM not inserted"


def test_a_late_outcome_does_not_revive_an_unplugged_modem() -> None:
    farm = Farm()
    farm.look([found(A, "1-1")])
    farm.look([])
    assert not farm.outcome(Outcome(A, "online", "serving"))
    assert farm.outcome(Outcome(A, "offline", "offline", "no EC25"))
    assert not farm.outcome(Outcome(B, "online", "serving"))


def test_an_outcome_survives_the_next_look() -> None:
    farm = Farm()
    farm.look([found(A, "1-1")])
    farm.outcome(Outcome(A, "online", "serving", interface="wwan0"))
    assert farm.look([found(A, "1-1")]) == Changes()
    assert farm.modems[A].seen.state == "serving"


def test_twins_are_quarantined_and_released() -> None:
    farm = Farm()
    farm.look([found(A, "1-1")])
    changes = farm.look([found(A, "1-1"), found(A, "1-2", "2")])
    assert kinds(changes) == ["duplicate-imei"]
    assert not farm.modems[A].seen.present
    assert not farm.outcome(Outcome(A, "offline", "offline"))
    assert farm.look([found(A, "1-1"), found(A, "1-2", "2")]) == Changes()
    assert kinds(farm.look([found(A, "1-2", "2")])) == ["plugged", "moved"]
    farm.look([found(A, "1-1"), found(A, "1-2", "2")])
    assert kinds(farm.look([])) == ["unplugged"]


def test_rows_bring_places_and_unknown_modems() -> None:
    farm = Farm()
    row = {
        "serial": A, "slot": 3, "proxy_port": 3130, "apn": None, "policy": None,
        "usb_path": "1-1", "path": None,
        "iccid": None, "imsi": None, "manufacturer": None, "model": None, "revision": None,
    }  # fmt: skip
    assert farm.load_rows([row]).serials == [A]
    assert farm.load_rows([row]).serials == []
    assert farm.load_rows([row | {"apn": "iot"}]).serials == [A]
    assert farm.modems[A].place == Place(3, 3130, "iot")
    assert farm.missing_from([row]) == []
    assert farm.missing_from([]) == [A]


def test_the_snapshot_file_is_as_good_as_the_rows() -> None:
    farm = Farm()
    farm.load_records([ModemRecord(A, 2, "1-1", None, "iot", True)], 3127)
    assert farm.modems[A].place == Place(2, 3129, "iot")
    assert not farm.modems[A].seen.present  # the bus decides that


def test_a_pin_that_was_refused_explains_what_modemmanager_misses() -> None:
    farm = Farm()
    refused = SimTrouble("PIN refused: this SIM refused it before", "set the right PIN")
    here = found(A, "1-1")
    farm.look([Found(here.device, here.identity, refused), found(B, "1-2")])
    assert farm.modems[A].seen.reason == refused.reason
    assert farm.modems[A].seen.remedy == refused.remedy
    missing = Outcome(A, "error", "failed", "PIN required", "enter it")
    assert farm.explained(missing).reason == refused.reason
    assert farm.explained(missing).remedy == refused.remedy
    for other in (
        Outcome(A, "error", "failed", "PUK required", "unlock it"),
        Outcome(A, "online", "serving"),
        Outcome(B, "error", "failed", "PIN required", "enter it"),
        Outcome("867584030000033", "error", "failed", "PIN required", "enter it"),
    ):
        assert farm.explained(other) == other
    farm.look([found(A, "1-1", "2"), found(B, "1-2")])
    assert farm.explained(missing) == missing
