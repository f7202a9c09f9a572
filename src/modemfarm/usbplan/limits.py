# SPDX-License-Identifier: GPL-3.0-or-later
"""What a controller can hold, where that is known; a controller does not tell its endpoint limit.

An xHCI controller keeps a slot per device and a context per endpoint, hubs included, in memory of
its own. The older kinds keep lists in the host's memory and have no such limit.
"""

from dataclasses import dataclass

from .model import Controller

# Field reports of PC controllers (hub vendors' notes, uhubctl#276); none promises it.
USUAL_CONTEXTS = 96
LEAST_SLOTS = 32  # the smallest seen; with 15 endpoints a modem the contexts end first
# Linux, drivers/usb/host/xhci-pci.c: Intel Panther Point cannot say that it is full.
PANTHER_POINT, PANTHER_POINT_CONTEXTS = "8086:1e31", 64
VL805, VL805_SLOTS = "1106:3483", 32  # raspberrypi/linux#3366
ADDRESSES = 127  # USB 2.0 section 8.3.2.1: seven bits, 0 is for new devices

EC25_INTERFACES = (2, 3, 3, 3, 3)  # DIAG, NMEA, two AT ports, QMI: endpoints of each
EC25_ENDPOINTS = 1 + sum(EC25_INTERFACES)
HUB_ENDPOINTS = 2  # endpoint 0 and the one that tells of changes


@dataclass(frozen=True)
class Limit:
    """A number and who says so: `known` is False for what is only usual."""

    total: int
    known: bool
    source: str


def contexts(controller: Controller) -> Limit | None:
    """Endpoint contexts; None for kinds without such a limit, or of which nothing is known."""
    if controller.kind != "xhci":
        return None
    if controller.pci == PANTHER_POINT:
        return Limit(PANTHER_POINT_CONTEXTS, True, "Intel Panther Point, limit in the kernel")
    return Limit(USUAL_CONTEXTS, False, "usual for xHCI; the controller does not tell")


def slots(controller: Controller) -> Limit | None:
    """Device slots; None for kinds without."""
    if controller.kind != "xhci":
        return None
    if controller.slots is not None:
        return Limit(controller.slots, True, "the controller's capability register")
    if controller.pci == VL805:
        return Limit(VL805_SLOTS, True, "VIA VL805")
    return Limit(LEAST_SLOTS, False, "the least that is usual; root sees the real one in debugfs")
