# SPDX-License-Identifier: GPL-3.0-or-later
"""What the network does to a modem: no service, other addresses, the same address twice."""

import pytest

from modemlab.host import farm
from modemlab.host.lab import Lab

from .conftest import Start, variants
from .ground import root, truth
from .history import RESETS, now, repairs

NEW_IP_S = 10.0  # FAULTS F18


def devnum(lab: Lab, usb_path: str) -> str:
    """Changes with every reset that takes the modem off the bus."""
    return root(lab, f"cat /sys/bus/usb/devices/{usb_path}/devnum").strip()


def test_f18_the_carrier_gives_another_address(scene: Lab, start: Start) -> None:
    with start("F18") as running:
        number = running.number()
        new = f"10.{70 + running.seed % 20}.{number}.{2 + 4 * running.random.randrange(8)}"
        running.moment(3)
        scene.control("set", modem=number, wan=f"{new}/30")
        running.converges(
            f"the port answers from {new}", NEW_IP_S, lambda: running.answers(address=new)
        )
        running.serves(address=new)
        running.converges(
            "the registry has the new address", 60, lambda: running.state()["wan_address"] == new
        )
        line = scene.control("counters", modem=number)["modems"][str(number)]
        assert line["wrong_source_packets"] == 0, line["wrong_source"]


@pytest.mark.parametrize("network", variants("none", "denied"))
def test_f17_no_network_is_no_reason_for_a_reset(scene: Lab, start: Start, network: str) -> None:
    with start("F17") as running:
        path = running.state()["usb_path"]
        before = devnum(scene, path)
        running.fault("network", network)
        running.converges(
            "the port refuses", 30,
            lambda: farm.request(scene, running.row["proxy_port"])["status"] != 200,
        )  # fmt: skip
        found = running.converges(
            "it is shown as not serving, with a reason", 120,
            lambda: (row := running.state())["state"] not in ("serving", "applying") and row,
        )  # fmt: skip
        running.note(f"{network}: {found['state']}: {found['reason']}")
        assert found["reason"], found
        assert devnum(scene, path) == before
        running.fault("network", "home")
        running.serves(cap_s=120)
        assert devnum(scene, running.state()["usb_path"]) == before


def test_f21_dead_data_is_reconnected_not_reset(scene: Lab, start: Start) -> None:
    with start("F21") as running:
        path = running.state()["usb_path"]
        before = devnum(scene, path)
        since = now(scene)
        running.fault("data_dead", True)
        running.converges(
            "a request fails", 30,
            lambda: farm.request(scene, running.row["proxy_port"], timeout=3)["status"] != 200,
        )  # fmt: skip
        taken = running.converges("a step was taken", 180, lambda: repairs(scene, since))
        running.fault("data_dead", False)
        running.serves(cap_s=120)
        running.note(f"steps: {[(step['step'], step['outcome']) for step in taken]}")
        taken = repairs(scene, since)
        assert taken[0]["step"] == "reconnect", taken
        assert [step for step in taken if step["step"] in RESETS] == []
        assert {step["serial"] for step in taken} == {running.row["serial"]}
        assert devnum(scene, running.state()["usb_path"]) == before


def test_f19_two_modems_with_one_address(scene: Lab, start: Start) -> None:
    """CGNAT gives the same 10.x and gateway twice: told apart, or the second one says why not."""
    with start("F19", hit=2) as running:
        one, two = running.hit
        wan = truth(scene)[one["serial"]]["wan"]
        number = running.number(two)
        scene.control(
            "set", modem=number, wan=f"{wan['address']}/{wan['prefix']}", gateway=wan["gateway"]
        )
        found = running.converges(
            "there is a verdict", 90,
            lambda: (row := running.state(two))["wan_address"] == wan["address"]
            and row["state"] != "applying" and row,
        )  # fmt: skip
        running.note(f"the second is {found['state']}: {found['reason']}")
        if found["state"] == "serving":
            running.serves(two, cap_s=60, address=wan["address"])
        else:
            assert wan["address"] in found["reason"], found
            refused = farm.request(scene, two["proxy_port"])
            assert refused["status"] != 200, refused
        running.serves(one, cap_s=60, address=wan["address"])
        scene.control("set", modem=number, wan=f"10.98.{number}.2/30")
        running.serves(two, cap_s=120)


def test_f20_the_carriers_subnet_is_the_lans(scene: Lab, start: Start) -> None:
    """The LAN's route stays, and so does everything of the others."""
    with start("F20") as running:
        before = root(scene, "ip route get 192.168.1.50")
        scene.control("set", modem=running.number(), wan="192.168.1.77/24", gateway="192.168.1.78")
        running.converges(
            "the modem is connected again", 60,
            lambda: truth(scene)[running.row["serial"]]["connected"],
        )  # fmt: skip
        found = running.converges(
            "there is a verdict",
            90,
            lambda: (row := running.state())["state"] != "applying" and row,
        )
        running.note(f"{found['state']}: {found['reason']}")
        assert root(scene, "ip route get 192.168.1.50") == before
        assert " lan0 " in before
        number = running.number()
        scene.control("set", modem=number, wan=f"10.99.{number}.2/30")
        running.serves(cap_s=120)
