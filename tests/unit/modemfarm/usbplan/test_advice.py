# SPDX-License-Identifier: GPL-3.0-or-later
"""Warnings: each shows in its case, and none shows on a good host."""

from modemfarm.usbplan.advice import Advice, advise
from modemfarm.usbplan.capacity import capacity
from modemfarm.usbplan.sysfs import read_controllers


def advice(tree) -> list[Advice]:
    controllers = read_controllers(tree.sysfs)
    return advise(controllers, tuple(capacity(one) for one in controllers))


def codes(tree) -> list[tuple[str, str]]:
    return [(one.code, one.where) for one in advice(tree)]


def test_a_good_host_has_none(tree):
    tree.controller(buses=((1, "480", 4), (2, "5000", 4)))
    tree.controller("0000:03:00.0", ((3, "480", 4),))
    tree.hub("1-1", ports=7)
    tree.modem("1-1.1")
    tree.modem("1-1.2")
    tree.modem("3-1")
    tree.other("1-2")
    assert codes(tree) == []


def test_a_bus_powered_hub_with_modems(tree):
    tree.controller()
    tree.hub("1-1", powered=False)
    tree.modem("1-1.1")
    tree.modem("1-1.2")
    tree.hub("1-2", powered=False)  # no modem on it: none of our business
    (found,) = advice(tree)
    assert (found.code, found.where) == ("bus-powered-hub", "1-1")
    assert "2 modem(s) that declare 1000 mA" in found.message


def test_full_speed_autosuspend_and_other_compositions(tree):
    tree.controller(buses=((1, "480", 8),))
    tree.modem("1-1", speed="12")
    tree.modem("1-2", control="auto")
    tree.modem("1-3", composition="mbim")
    tree.modem("1-4", authorized="0", configured=False)
    assert codes(tree) == [
        ("full-speed", "1-1"), ("autosuspend", "1-2"), ("composition", "1-3"),
        ("not-authorized", "1-4"),
    ]  # fmt: skip


def test_the_seventh_modem(tree):
    """Six fit; the seventh is on the bus and was refused with -12."""
    tree.controller(buses=((1, "480", 8),))
    for port in range(1, 7):
        tree.modem(f"1-{port}")
    assert codes(tree) == []
    tree.modem("1-7", configured=False)
    found = advice(tree)
    assert [(one.code, one.where) for one in found] == [
        ("over-limit", "0000:00:14.0"), ("not-configured", "1-7"),
    ]  # fmt: skip
    assert found[0].message.startswith("105 endpoint contexts are wanted of 96")


def test_uneven_load_names_how_many_to_move(tree):
    tree.controller(buses=((1, "480", 8),))
    tree.controller("0000:03:00.0", ((3, "480", 4),))
    for port in range(1, 6):
        tree.modem(f"1-{port}")
    tree.modem("3-1")
    (found,) = advice(tree)
    assert (found.code, found.where) == ("uneven", "0000:00:14.0")
    assert found.remedy.startswith("move 2 of them to 0000:03:00.0")


def test_a_controller_without_free_ports_is_no_place_to_move_to(tree):
    tree.controller(buses=((1, "480", 8),))
    tree.controller("0000:03:00.0", ((3, "480", 1),))
    tree.port("usb3", 1, connect_type="not used")
    for port in range(1, 6):
        tree.modem(f"1-{port}")
    assert codes(tree) == []


def test_the_last_tier_and_a_tripped_port(tree):
    tree.controller()
    name = "1-1"
    for _ in range(5):
        tree.hub(name)
        name += ".1"
    tree.port("usb1", 2, connect_type="hotplug", over_current_count="3")
    assert codes(tree) == [("over-current", "usb1 port 2"), ("last-tier", "1-1.1.1.1.1")]
