# SPDX-License-Identifier: GPL-3.0-or-later
"""After an activation: is it this modem, this interface, its address, its table? Pure.

ModemManager and NetworkManager were seen to mix modems up at start, so nobody is believed alone:
sysfs gives the interface, the kernel gives address and routes.
"""

from ipaddress import IPv4Address

from ..settings import SlotPlan
from ..usb import UsbModem
from .kernel import MAIN_TABLE, KernelState
from .networkmanager import NmState


def mismatch(
    slot: SlotPlan, usb: UsbModem, network: NmState, kernel: KernelState, lan: IPv4Address
) -> str | None:
    """What is wrong with the bearer of a modem that NetworkManager calls active, or None."""
    device = network.devices.get(usb.cdc_wdm or "")
    interface = device.ip_interface if device is not None else None
    if interface is None:
        return f"NetworkManager names no interface for {usb.cdc_wdm}"
    if interface != usb.net:
        return f"NetworkManager uses {interface}, the modem's interface is {usb.net}"
    addresses = kernel.addresses.get(interface, ())
    if not addresses:
        return f"{interface} has no IPv4 address"
    if lan in addresses:
        return f"{interface} has the LAN address {lan}"
    targets = kernel.default_interfaces(slot.table)
    if targets != {interface}:
        shown = ", ".join(sorted(targets)) or "nothing"
        return f"table {slot.table} leads to {shown}, not to {interface}"
    if interface in kernel.default_interfaces(MAIN_TABLE):
        return f"the main table has a default route through {interface}"
    return None
