# SPDX-License-Identifier: GPL-3.0-or-later
"""How many more fit, by which limit."""

import pytest

from modemfarm.usbplan import bandwidth
from modemfarm.usbplan.capacity import Capacity, Room, capacity, endpoints_each
from modemfarm.usbplan.sysfs import read_controllers


def holds(tree, each=15) -> Capacity:
    return capacity(read_controllers(tree.sysfs)[0], each)


def room(found: Capacity, name: str) -> Room:
    return next(one for one in found.rooms if one.limit == name)


def test_an_empty_xhci_takes_six(tree):
    """The field's "more than 5", "more than 6": 96 contexts, 15 each, hubs 2 each."""
    tree.controller(buses=((1, "480", 8),))
    found = holds(tree)
    assert (found.now, found.because) == (6, "endpoint contexts")
    assert (found.at_most, found.at_most_because) == (6, "endpoint contexts")
    assert not room(found, "endpoint contexts").known


def test_panther_point_takes_four(tree):
    tree.controller(buses=((1, "480", 14),), pci=("0x8086", "0x1e31"))
    found = holds(tree)
    assert (found.now, found.because) == (4, "endpoint contexts")
    assert room(found, "endpoint contexts").known


def test_each_modem_and_hub_costs(tree):
    tree.controller(buses=((1, "480", 4),))
    tree.hub("1-1", ports=7)
    for port in range(1, 6):
        tree.modem(f"1-1.{port}")
    contexts = room(holds(tree), "endpoint contexts")
    assert (contexts.used, contexts.room) == (5 * 15 + 2, 1)


def test_ports_end_before_endpoints(tree):
    tree.controller(buses=((1, "480", 2),))
    tree.modem("1-1")
    found = holds(tree)
    assert (found.now, found.because) == (1, "hub ports")
    # One hub more: (96 - 15 - 2) / 15.
    assert (found.at_most, found.at_most_because) == (5, "endpoint contexts")


def test_a_bus_powered_hub_gives_no_modem_its_power(tree):
    tree.controller(buses=((1, "480", 1),))
    tree.hub("1-1", ports=4, powered=False)
    found = holds(tree)
    assert (found.now, found.because) == (0, "power")
    assert "4 more on bus-powered hubs give 100 mA" in room(found, "power").why


def test_a_full_speed_hub_has_no_ports_for_modems(tree):
    tree.controller(buses=((1, "480", 1),))
    tree.hub("1-1", speed="12")
    assert holds(tree).now == 0


def test_slots(tree):
    tree.controller(buses=((1, "480", 4),), slots=2)
    tree.other("1-1")
    tree.other("1-2")
    found = holds(tree)
    assert (found.now, found.because) == (0, "device slots")
    assert room(found, "device slots").known


def test_the_last_tier(tree):
    """A modem fits on tier 7, a further hub does not."""
    tree.controller(buses=((1, "480", 1),))
    name = "1-1"
    for _ in range(5):
        tree.hub(name, ports=1)
        name += ".1"
    found = holds(tree)
    assert (found.now, found.because) == (1, "hub tiers")
    assert (found.at_most, found.at_most_because) == (1, "hub tiers")


def test_ehci_has_no_endpoint_limit(tree):
    tree.controller(buses=((1, "480", 40),), driver="ehci-pci")
    found = holds(tree)
    assert {one.limit for one in found.rooms} == {
        "bandwidth", "addresses", "hub tiers", "hub ports", "power",
    }  # fmt: skip
    assert (found.now, found.because) == (40, "hub ports")
    assert (found.at_most, found.at_most_because) == (127, "addresses")


def test_full_speed_controllers_take_none(tree):
    tree.controller(buses=((1, "12", 2),), driver="uhci_hcd")
    found = holds(tree)
    assert (found.now, found.because, found.at_most) == (0, "bandwidth", 0)


def test_the_lab_takes_as_many_as_it_has_ports(tree):
    tree.controller("vhci_hcd.0", ((1, "480", 15),), driver="vhci_hcd", pci=None)
    found = holds(tree)
    assert (found.now, found.at_most, found.at_most_because) == (15, 15, "hub ports")


def test_of_an_unknown_controller_nothing_is_promised(tree):
    tree.controller(driver="fancy-usb")
    (tree.real["usb1"] / "product").write_text("Fancy\n")
    found = holds(tree)
    assert found.at_most is None
    assert "not known" in found.at_most_because


def test_more_than_the_assumed_limit_disproves_it(tree):
    tree.controller(buses=((1, "480", 16),))
    for port in range(1, 9):
        tree.modem(f"1-{port}")
    contexts = room(holds(tree), "endpoint contexts")
    assert (contexts.total, contexts.room) == (120, 0)
    assert "more than the usual 96" in contexts.why


@pytest.mark.parametrize(("seen", "expected"), [([], 15), (["qmi"], 15), (["rndis"], 15)])
def test_what_one_more_will_use(tree, seen, expected):
    tree.controller(buses=((1, "480", 4),))
    for port, composition in enumerate(seen, 1):
        tree.modem(f"1-{port}", composition=composition)
    assert endpoints_each(read_controllers(tree.sysfs)) == expected


def test_modems_with_adb_count_as_they_are(tree):
    tree.controller(buses=((1, "480", 8),))
    place = tree.modem("1-1")
    folder = place / "1-1:1.5"
    folder.mkdir()
    for name in ("bInterfaceNumber", "bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol"):
        (folder / name).write_text("05\n")
    for address in ("8a", "06"):
        (folder / f"ep_{address}").mkdir()
        (folder / f"ep_{address}" / "bEndpointAddress").write_text(address)
    controllers = read_controllers(tree.sysfs)
    assert endpoints_each(controllers) == 17
    assert capacity(controllers[0], 17).now == (96 - 17) // 17


def test_an_ec25_reserves_next_to_nothing(tree):
    tree.controller()
    tree.modem("1-1")
    (modem,) = read_controllers(tree.sysfs)[0].modems
    assert bandwidth.reserved(modem) == pytest.approx(bandwidth.ec25_reserves(), rel=0.02)
    assert bandwidth.reserved(modem) < 2  # bytes of 6000
    assert (room(holds(tree), "bandwidth").room or 0) > 1000
