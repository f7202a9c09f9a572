# SPDX-License-Identifier: GPL-3.0-or-later
"""modem_egress on a real host: what it says when all is well, and of each leak that is made."""

import json

import pytest

from modemfarm.tasks.common import Here
from modemfarm.tasks.egress import run

from ..conftest import SERIALS, inside
from .test_controls import NO_GUARD, NO_SLOT_RULE, NOT_CLOSED, OPEN_6, WRONG_TABLE


@pytest.fixture
def verify(world, tmp_path, make_modem, monkeypatch):
    """A function that runs the module as on the host."""
    monkeypatch.setattr("modemfarm.egress.ask.PATIENCE_S", 1.5)
    world.heal()
    modems = []
    for slot in (1, 2):
        make_modem(f"1-{slot}", slot - 1)
        modems.append(
            {"serial": SERIALS[slot - 1], "slot": slot, "usb_path": f"1-{slot}", "present": True}
        )
    snapshot = tmp_path / "modems.json"
    snapshot.write_text(json.dumps({"version": 1, "host": "lab", "modems": modems}))
    arguments = {
        "serials": [],
        "settings": str(world.rendered / "etc/modemfarm/farm.json"),
        "snapshot": str(snapshot),
    }

    def verified(**changed):
        with inside(world.names["host"]):
            return run(arguments | changed, False, Here(root=tmp_path))

    yield verified
    world.heal()
    for slot in (1, 2):  # what was asked for is still tried: nothing answers there
        world.stop(slot)
        world.start(slot)


def test_all_is_well(world, verify):
    result = verify()
    assert (result["changed"], result["problems"]) == (False, [])
    for row, name in zip(result["modems"], ("wwan0", "wwan1"), strict=True):
        seen = {kind: set(sent) for kind, sent in row["sent"].items()}
        udp = {name} if world.engine == "threeproxy" else set()
        assert seen == {"tcp": {name}, "udp": udp, "dns": {name}, "ipv6": set()}
    assert [line.split()[-1] for line in result["table"][1:]] == ["ok", "ok"]


@pytest.mark.parametrize("own", [{"protocols": ["connect"]}, {"users": ["anna"]}])
def test_a_policy_that_lets_clients_do_little_is_asked_all_the_same(world, verify, own):
    if world.engine != "threeproxy":
        own = {"clients": ["192.168.1.1/32"]}  # it has one set of protocols, and no users
    world.stop(1)
    world.start(1, own=own)
    result = verify()
    assert result["problems"] == []
    assert set(result["modems"][0]["sent"]["tcp"]) == {"wwan0"}


def test_a_modem_that_is_away_sends_nothing_and_is_no_leak(world, verify, tmp_path):
    world.sh("ip link delete wwan0")
    (tmp_path / "sys/bus/usb/devices/1-1").unlink()
    result = verify()
    assert result["problems"] == []
    assert result["modems"][0]["interface"] is None


def test_a_port_that_does_not_serve_is_told(world, verify):
    world.sh("ip route flush table 1001")
    problems = verify()["problems"]
    assert [problem.split(": ", 1)[1] for problem in problems] == [
        f"nothing of {kind} has left: the port does not serve" for kind in ("tcp", "dns")
    ]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ((NO_GUARD, NO_SLOT_RULE, NOT_CLOSED), "lan0"),
        ((NO_GUARD, WRONG_TABLE), "wwan1"),
    ],
)
def test_a_leak_is_told_with_its_interface(world, verify, change, where):
    world.sh("\n".join(change))
    problems = verify()["problems"]
    kinds = {problem.split(": ", 1)[1].split()[0] for problem in problems}
    assert kinds >= {"tcp", "dns"}
    assert [text for text in problems if f" left by {where} (" not in text] == []
    assert [text for text in problems if SERIALS[0] not in text] == []


def test_a_leak_of_ipv6_is_told(world, verify):
    world.stop(1)
    world.start(1, lambda text: text.replace(" -4 ", " -46 ").replace("UseIPv4", "UseIP"))
    try:
        world.sh(f"{NO_GUARD}; {OPEN_6}")
        assert any("ipv6 left by lan0" in problem for problem in verify()["problems"])
    finally:
        world.stop(1)
        world.start(1)


def test_an_unknown_modem_is_refused(verify):
    result = verify(serials=["867584039999999"])
    assert result["failed"] is True
    assert "867584039999999" in result["msg"]
