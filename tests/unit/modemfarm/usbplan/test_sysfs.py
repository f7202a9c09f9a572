# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.usbplan.sysfs on made trees."""

import shutil
from pathlib import Path

from modemfarm.usbplan.descriptors import declared_endpoints
from modemfarm.usbplan.limits import EC25_ENDPOINTS, EC25_INTERFACES
from modemfarm.usbplan.sysfs import read_controllers
from modemlab.usb import ec25


def test_no_usb_at_all(tmp_path):
    assert read_controllers(tmp_path) == ()


def test_two_buses_of_one_controller_are_one(tree):
    tree.controller(buses=((1, "480", 4), (2, "5000", 4)))
    tree.controller("0000:03:00.0", ((3, "480", 2),), pci=("0x1106", "0x3483"))
    first, second = read_controllers(tree.sysfs)
    assert (first.name, first.kind, first.pci) == ("0000:00:14.0", "xhci", "8086:a36d")
    assert [root.name for root in first.roots] == ["usb1", "usb2"]
    assert [root.name for root in second.roots] == ["usb3"]


def test_modems_hubs_and_others_with_tiers(tree):
    tree.controller()
    tree.hub("1-2", ports=4)
    tree.modem("1-2.3")
    tree.hub("1-2.4")
    tree.modem("1-2.4.1")
    tree.other("1-1")
    (controller,) = read_controllers(tree.sysfs)
    seen = [(device.name, device.tier, device.parent) for device in controller.plugged]
    assert seen == [
        ("1-1", 2, "usb1"), ("1-2", 2, "usb1"), ("1-2.3", 3, "1-2"), ("1-2.4", 3, "1-2"),
        ("1-2.4.1", 4, "1-2.4"),
    ]  # fmt: skip
    assert [modem.name for modem in controller.modems] == ["1-2.3", "1-2.4.1"]


def test_endpoints_are_those_of_the_labs_descriptors(tree):
    tree.controller()
    tree.modem("1-1")
    (controller,) = read_controllers(tree.sysfs)
    (modem,) = controller.modems
    assert tuple(len(i.endpoints) for i in modem.interfaces) == EC25_INTERFACES
    assert modem.endpoints == modem.declared == EC25_ENDPOINTS == 15
    assert (modem.speed, modem.milliamperes, modem.autosuspend) == (480.0, 500, False)


def test_a_modem_without_configuration_still_tells_what_it_wants(tree):
    tree.controller()
    tree.modem("1-1", configured=False)
    (modem,) = read_controllers(tree.sysfs)[0].modems
    assert not modem.configured
    assert (modem.endpoints, modem.declared) == (1, 15)


def test_alternate_settings_count_once():
    device = ec25.device("mbim")
    raw = device.pack() + device.configuration.pack()
    assert declared_endpoints(raw) == 1 + 11 + 1 + 2


def test_damaged_descriptors():
    device = ec25.device("qmi")
    raw = device.pack() + device.configuration.pack()
    for cut in range(len(raw)):
        assert 1 <= declared_endpoints(raw[:cut]) <= 15
    assert declared_endpoints(raw[:40] + b"\x00" * 200) >= 1
    assert declared_endpoints(b"\xff" * 70_000) == 1


def test_ports_and_their_twins(tree):
    tree.controller(buses=((1, "480", 4), (2, "5000", 2)))
    tree.modem("1-3")
    tree.port("usb1", 1, connect_type="hotplug", over_current_count="2")
    tree.port("usb1", 2, connect_type="not used")
    tree.other("2-1", "SuperSpeed stick", "5000")
    twin = tree.port("usb2", 1, connect_type="hotplug")
    (twin / "device").symlink_to(tree.real["2-1"])
    (tree.port("usb1", 4, connect_type="hotplug") / "peer").symlink_to(twin)
    root = read_controllers(tree.sysfs)[0].roots[0]
    assert [(p.number, p.taken_by, p.usable) for p in root.ports] == [
        (1, None, True), (2, None, False), (3, "1-3", False), (4, "2-1", False),
    ]  # fmt: skip
    assert root.ports[0].over_currents == 2


def test_slots_from_debugfs(tree):
    tree.controller(slots=0x1A000840)
    assert read_controllers(tree.sysfs)[0].slots == 0x40


def test_the_labs_controller(tree):
    tree.controller("vhci_hcd.0", ((1, "480", 8), (2, "5000", 8)), driver="vhci_hcd", pci=None,
                    parent="devices/platform")  # fmt: skip
    (controller,) = read_controllers(tree.sysfs)
    assert (controller.kind, controller.pci, controller.slots) == ("vhci", None, None)


def test_what_vanishes_or_is_nonsense_does_not_end_it(tree):
    tree.controller()
    tree.hub("1-1")
    tree.modem("1-1.1")
    tree.modem("1-1.2")
    shutil.rmtree(tree.real["1-1.1"])
    for name in ("bMaxPower", "speed", "bDeviceClass", "bmAttributes"):
        (tree.real["1-1.2"] / name).write_text("\x1b[31m-9999999999999999999999x\n")
    (tree.real["1-1"] / "maxchild").write_text("99999999999\n")
    (tree.real["1-1.2"] / "product").write_bytes(b"\xff\xfe\x00" * 9000)
    (controller,) = read_controllers(tree.sysfs)
    assert [device.name for device in controller.plugged] == ["1-1", "1-1.2"]
    assert len(controller.plugged[0].ports) == 255
    assert controller.plugged[1].milliamperes == 0


def test_a_root_hub_that_vanishes_keeps_its_place(tree):
    tree.controller()
    (tree.real["usb1"] / "idVendor").unlink()
    (controller,) = read_controllers(tree.sysfs)
    assert [root.name for root in controller.roots] == ["usb1"]


def test_entries_that_are_no_devices(tree, tmp_path: Path):
    tree.controller()
    for name in ("1-1:1.0", "usbx", "..1", "1-1.2.3.4.5.6.7.8", "9-1", "\x1b[2J"):
        (tree.links / name).symlink_to(tmp_path)
    assert read_controllers(tree.sysfs)[0].plugged == ()
