# SPDX-License-Identifier: GPL-3.0-or-later
"""Every query of the table by the real qmicli, against what the virtual modem knows of itself."""

from collections.abc import Callable
from typing import Any

import pytest

from modemfarm.at.permit import Role
from modemfarm.errors import NoServiceError, OutOfCallError, SimBusyError
from modemfarm.qmi.facts import SECTIONS, facts
from modemfarm.qmi.queries import QUERIES, ask
from modemfarm.record import Record
from modemlab.modem.modem import Modem
from modemlab.modem.spec import ModemSpec

NUMBER = 5
ANOTHER_CLIENT = 200  # stands for ModemManager, whose bearer it is


def signal(modem: Modem) -> dict[str, Any]:
    """The signal wanders by some dB within minutes, so it is read at the time of comparison."""
    now = modem.signal
    return {"technology": "lte", "rsrp_dbm": now.rsrp, "rssi_dbm": now.rssi, "rsrq_db": now.rsrq}


def counters(modem: Modem) -> dict[str, Any]:
    now = modem.counters
    return {
        "tx_packets": now.up_packets, "tx_bytes": now.up_bytes,
        "rx_packets": now.down_packets, "rx_bytes": now.down_bytes,
    }  # fmt: skip


def network(modem: Modem) -> dict[str, Any]:
    operator = modem.operator
    return {"mcc": operator.mcc, "mnc": operator.mnc, "operator": operator.name}


# query -> what must be in the answer, from the modem's own state
EXPECTED: dict[str, Callable[[Modem], dict[str, Any]]] = {
    "ids": lambda modem: {"serial": modem.imei},
    "manufacturer": lambda _: {"manufacturer": "QUALCOMM INCORPORATED"},
    "model": lambda _: {"model": "QUECTEL Mobile Broadband Module"},
    "revision": lambda modem: {"revision": modem.spec.firmware},
    "operating-mode": lambda _: {"mode": "online"},
    "msisdn": lambda modem: {"msisdn": f"49151{modem.number:07d}"},
    "serving-system": lambda modem: {"registered": True, "roaming": False, **network(modem)},
    "signal-info": signal,
    "system-info": lambda modem: {},
    "home-network": network,
    "rf-band-info": lambda _: {},
    "network-scan": lambda _: {},
    "packet-service-status": lambda modem: {"connected": modem.connected},
    "data-bearer-technology": lambda _: {"network": "3gpp", "technologies": ("lte",)},
    "packet-statistics": counters,
    "current-settings": lambda modem: {"mtu": modem.wan.mtu},
    "card-status": lambda modem: {
        "card": "present", "application_state": "ready", "pin1_tries": modem.sim.pin_tries,
        "puk1_tries": modem.sim.puk_tries,
    },
    "slot-status": lambda _: {},
    "iccid": lambda modem: {"iccid": modem.iccid},
}  # fmt: skip


@pytest.fixture
def plugged(fake) -> tuple[Modem, str]:
    """A registered modem with a bearer and some packets through it."""
    modem, device = fake.plug(ModemSpec(NUMBER, registration_seconds=0))
    fake.lab.call(modem.start_session, ANOTHER_CLIENT, 4, "web")
    modem.uplink = modem.on_packet = lambda packet: None
    for size in (100, 200, 300):
        fake.lab.call(modem.from_host, b"\x45" + bytes(size))
    fake.lab.call(modem.downlink, b"\x45" + bytes(1399))
    return modem, device


def test_the_whole_table_is_compared() -> None:
    assert set(EXPECTED) == set(QUERIES)


@pytest.mark.parametrize("name", EXPECTED)
def test_answers_agree_with_the_modem(fake, plugged, clients, name: str) -> None:
    modem, device = plugged
    answer = ask(device, name, role=Role.OPERATOR)
    for field, value in fake.lab.call(EXPECTED[name], modem).items():
        found = getattr(answer, field)
        assert found == pytest.approx(value, abs=1) if field.endswith(("_dbm", "_db")) else (
            found == value
        ), field  # fmt: skip
    assert clients(modem) == {}, "a client id was not given back"


def test_lists_agree_with_the_modem(plugged) -> None:
    modem, device = plugged
    (lte,) = [s for s in ask(device, "system-info").services if s.status == "available"]
    assert (lte.technology, lte.mcc, lte.mnc) == ("lte", modem.operator.mcc, modem.operator.mnc)
    assert lte.cell == ask(device, "serving-system").cell
    (band,) = ask(device, "rf-band-info").bands
    assert (band.technology, band.band, band.channel) == ("lte", "eutran-3", 1300)
    found = ask(device, "network-scan", role=Role.OPERATOR).networks
    (serving,) = [network for network in found if "current-serving" in network.status]
    assert (serving.mcc, serving.mnc, serving.operator) == (
        modem.operator.mcc, modem.operator.mnc, modem.operator.name,
    )  # fmt: skip
    (slot,) = ask(device, "slot-status").slots
    assert (slot.iccid, slot.active) == (modem.iccid, True)


def test_settings_agree_with_the_modem(plugged) -> None:
    modem, device = plugged
    ipv4 = ask(device, "current-settings").ipv4
    assert (ipv4.address, ipv4.prefix, ipv4.gateway) == (
        modem.wan.address, modem.wan.prefix, modem.wan.gateway,
    )  # fmt: skip
    assert ipv4.dns == modem.dns


@pytest.mark.parametrize(
    "name", ["data-bearer-technology", "current-settings", "packet-statistics"]
)
def test_without_a_bearer(fake, name: str) -> None:
    _, device = fake.plug(ModemSpec(NUMBER, registration_seconds=0))
    with pytest.raises(OutOfCallError) as caught:
        ask(device, name)
    assert caught.value.code == 15


@pytest.mark.parametrize(
    ("fault", "value", "name", "field", "expected"),
    [
        ("sim", "missing", "card-status", "card", "absent"),
        ("sim", "pin", "card-status", "pin1", "enabled-not-verified"),
        ("sim", "puk", "card-status", "pin1_tries", 0),
        ("network", "none", "serving-system", "registration", "not-registered-searching"),
        ("network", "denied", "serving-system", "registration", "registration-denied"),
        ("network", "roaming", "serving-system", "roaming", True),
        ("network", "none", "signal-info", "technology", None),
        ("network", "none", "packet-service-status", "connected", False),
    ],
)
def test_faults_are_seen(fake, plugged, fault: str, value: str, name: str, field: str, expected):
    modem, device = plugged
    fake.lab.call(modem.faults.set, fault, value)
    assert getattr(ask(device, name), field) == expected


def test_tries_that_were_spent_are_seen(fake, plugged) -> None:
    modem, device = plugged
    fake.lab.call(modem.faults.set, "sim", "pin")
    modem.sim.pin_tries = 2
    assert ask(device, "card-status").pin1_tries == 2


def test_questions_that_the_state_does_not_allow(fake, plugged) -> None:
    modem, device = plugged
    fake.lab.call(modem.faults.set, "network", "none")
    with pytest.raises(NoServiceError):
        ask(device, "rf-band-info")
    fake.lab.call(modem.faults.set, "sim", "missing")
    with pytest.raises(SimBusyError):
        ask(device, "iccid")


def test_facts_in_one_go(plugged) -> None:
    modem, device = plugged
    records: list[Record] = []
    found = facts(device, records.append)
    assert found["reasons"] == {}
    assert found["ids"]["serial"] == modem.imei
    assert found["settings"]["ipv4"]["address"] == modem.wan.address
    assert [(r.channel, r.outcome) for r in records] == [("qmi", "ok")] * len(SECTIONS)
    assert records[0].command == "dms-get-ids"
    assert modem.imei in records[0].answer


def test_facts_of_a_modem_that_is_not_connected(fake) -> None:
    _, device = fake.plug(ModemSpec(NUMBER, registration_seconds=0))
    found = facts(device)
    assert {name: reason["error"] for name, reason in found["reasons"].items()} == {
        "bearer": "OutOfCallError", "settings": "OutOfCallError", "statistics": "OutOfCallError",
    }  # fmt: skip
    assert found["signal"]["technology"] == "lte"
