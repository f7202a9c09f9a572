# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.mm.view and reprobe with a real bus and a fake ModemManager."""

import json

import pytest

from modemfarm import errors
from modemfarm.mm import reprobe as reprobing
from modemfarm.mm.reprobe import reprobe
from modemfarm.mm.view import Bearer, View, view

from .fake import ERROR, FIRST, MODEM, NAME, NETWORK, ROOT, SECOND
from .service import Refusal


def test_a_connected_modem(manager, bus):
    found = view(FIRST, "1-1", bus)
    assert found == View(
        imei=FIRST,
        usb_path="1-1",
        iccid="8949020000000000000",
        imsi="262990000000000",
        state="registered",
        failed_reason=None,
        lock=None,
        registration="registered at home",
        operator_code="26299",
        operator_name="Lab",
        technologies=("lte",),
        signal=71,
        bearer=Bearer(
            interface="wwan0",
            apn="internet",
            method="static",
            address="100.64.0.10",
            prefix=30,
            gateway="100.64.0.9",
            rx_bytes=2**33,
            tx_bytes=5,
            seconds=None,
        ),
    )
    json.dumps(found.as_dict())


def test_by_place_alone(manager, bus):
    assert view(None, "1-2", bus).imei == SECOND


def test_a_failed_modem_has_nothing_but_its_reason(manager, bus):
    manager.objects[manager.modem(0)].pop(NETWORK)
    manager.properties(manager.modem(0), MODEM).update(
        State=("i", -1), StateFailedReason=("u", 2), Sim=("o", "/"), Bearers=("ao", []),
        UnlockRequired=("u", 4), AccessTechnologies=("u", 0),
    )  # fmt: skip
    found = view(FIRST, None, bus)
    assert (found.state, found.failed_reason, found.lock) == ("failed", "no SIM", "PUK required")
    assert (found.iccid, found.operator_name, found.technologies) == (None, None, ())
    assert (found.registration, found.bearer) == (None, None)


def test_bearers_that_are_not_connected_or_just_deleted(manager, bus):
    bearers = manager.properties(manager.modem(0), MODEM)["Bearers"][1]
    bearers.insert(0, f"{ROOT}/Bearer/99")
    manager.properties(f"{ROOT}/Bearer/0", f"{NAME}.Bearer")["Connected"] = ("b", False)
    assert view(FIRST, None, bus).bearer is None


@pytest.mark.parametrize("odd", [("s", "much"), ("au", [])])
def test_nonsense(manager, bus, odd):
    manager.properties(manager.modem(0), MODEM)["SignalQuality"] = odd
    with pytest.raises(errors.AnswerUnreadableError) as caught:
        view(FIRST, None, bus)
    assert caught.value.modem == FIRST


def test_reprobe_inhibits_and_lets_go_on_one_connection(manager, bus):
    senders = []
    inhibit = manager.inhibit
    manager.methods[NAME, "InhibitDevice"] = lambda *values: (
        senders.append(values) or inhibit(*values)
    )
    found = reprobe(FIRST, "1-1", bus)
    assert found.path == f"{ROOT}/Modem/7"
    device = "/sys/devices/platform/vhci_hcd.0/usb1/1-1"
    assert senders == [(ROOT, device, True), (ROOT, device, False)]


def test_reprobe_waits_until_the_modem_is_initialised(manager, bus):
    inhibit = manager.inhibit
    looks = []
    managed = manager._managed

    def slow(path):
        new = f"{ROOT}/Modem/7"
        if new in manager.objects:
            looks.append(1)
            state = 1 if len(looks) < 3 else 8
            manager.properties(new, MODEM)["State"] = ("i", state)
            manager.emit(new, MODEM, "StateChanged", "iiu", 1, 8, 1)
        return managed(path)

    manager.methods[NAME, "InhibitDevice"] = inhibit
    manager.methods["org.freedesktop.DBus.ObjectManager", "GetManagedObjects"] = slow
    assert reprobe(FIRST, "1-1", bus).state == 8
    assert len(looks) == 3


def test_reprobe_of_one_that_does_not_come_back(manager, bus, monkeypatch):
    monkeypatch.setattr(reprobing, "BACK_S", 0.5)
    monkeypatch.setattr(reprobing, "LOOK_S", 0.1)
    manager.methods[NAME, "InhibitDevice"] = lambda *_: None
    with pytest.raises(errors.CommandTimeoutError, match="does not show"):
        reprobe(FIRST, "1-1", bus)


def test_reprobe_refused(manager, bus):
    def refuse(*_):
        raise Refusal(ERROR + "Core.WrongState", "Modem not exported in the bus")

    manager.methods[NAME, "InhibitDevice"] = refuse
    with pytest.raises(errors.NotAllowedError, match="not exported"):
        reprobe(FIRST, "1-1", bus)
