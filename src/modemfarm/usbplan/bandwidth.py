# SPDX-License-Identifier: GPL-3.0-or-later
"""Time that interrupt and isochronous endpoints reserve on a high-speed bus (USB 2.0, 5.6, 5.11).

Bulk endpoints, which carry the modems' data, reserve nothing: they share what is left.
"""

from .model import HIGH_SPEED, Device, Endpoint

MICROFRAME_BYTES = 7500  # 480 Mbit/s for 125 microseconds
RESERVABLE = 0.8  # of each microframe, section 5.7.4
OVERHEAD_BYTES = 55  # of one transaction, section 5.11.3
BIT_STUFFING = 7 / 6
ISOCHRONOUS, INTERRUPT = 1, 3
LONGEST_INTERVAL = 16  # bInterval is an exponent of 1 to 16
# What four notification endpoints of an EC25 reserve: ten bytes each 32 ms.
_NOTIFICATION = Endpoint(address=0x83, kind=INTERRUPT, size=10, interval=9)
EC25_NOTIFICATIONS = 4


def reserved(device: Device) -> float:
    """Bytes of each microframe, on average; 0 for a device behind a transaction translator."""
    if device.speed != HIGH_SPEED:
        return 0.0
    return sum(_cost(e) for interface in device.interfaces for e in interface.endpoints)


def ec25_reserves() -> float:
    """The same for an EC25 as it is delivered."""
    return EC25_NOTIFICATIONS * _cost(_NOTIFICATION)


def reservable() -> float:
    """Bytes of a microframe that may be reserved in all."""
    return MICROFRAME_BYTES * RESERVABLE


def _cost(endpoint: Endpoint) -> float:
    if endpoint.kind not in (ISOCHRONOUS, INTERRUPT):
        return 0.0
    exponent = min(max(endpoint.interval, 1), LONGEST_INTERVAL) - 1
    return float((endpoint.size * BIT_STUFFING + OVERHEAD_BYTES) / 2**exponent)
