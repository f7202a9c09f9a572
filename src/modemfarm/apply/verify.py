# SPDX-License-Identifier: GPL-3.0-or-later
"""After an activation: is it this modem, this interface, its address, its table? Pure.

ModemManager and NetworkManager were seen to mix modems up at start, so nobody is believed alone:
sysfs gives the interface, the kernel gives address and routes.
"""

from ipaddress import IPv4Address, IPv4Network

from ..settings import SlotPlan
from ..usb import UsbModem
from .kernel import MAIN_TABLE, KernelState
from .networkmanager import NmState

BEARER, ROUTE = "bearer", "route"


def mismatch(
    slot: SlotPlan,
    usb: UsbModem,
    network: NmState,
    kernel: KernelState,
    lans: tuple[IPv4Address, ...],
) -> str | None:
    """What is wrong with the bearer of a modem that NetworkManager calls active, or None.

    lans: the addresses of this host that proxies listen on.
    """
    found = difference(slot, usb, network, kernel, lans)
    return None if found is None else found[1]


def difference(
    slot: SlotPlan,
    usb: UsbModem,
    network: NmState,
    kernel: KernelState,
    lans: tuple[IPv4Address, ...],
) -> tuple[str, str] | None:
    """The same with its word: `route` for what only the kernel's tables lack."""
    device = network.devices.get(usb.cdc_wdm or "")
    interface = device.ip_interface if device is not None else None
    if interface is None:
        return BEARER, f"NetworkManager names no interface for {usb.cdc_wdm}"
    if interface != usb.net:
        return BEARER, f"NetworkManager uses {interface}, the modem's interface is {usb.net}"
    wrong = _address(interface, kernel, lans)
    if wrong is not None:
        return BEARER, wrong
    targets = kernel.default_interfaces(slot.table)
    if targets != {interface}:
        shown = ", ".join(sorted(targets)) or "nothing"
        return ROUTE, f"table {slot.table} leads to {shown}, not to {interface}"
    if interface in kernel.default_interfaces(MAIN_TABLE):
        return ROUTE, f"the main table has a default route through {interface}"
    return None


def _address(interface: str, kernel: KernelState, lans: tuple[IPv4Address, ...]) -> str | None:
    addresses = kernel.addresses.get(interface, ())
    if not addresses:
        return f"{interface} has no IPv4 address"
    for lan in lans:
        if lan in addresses:
            return f"{interface} has the LAN address {lan}"
    others = _networks_but(kernel, interface)
    homes = [network for network in others if any(lan in network for lan in lans)]
    for network in kernel.networks.get(interface, ()):
        for home in homes:
            if network.overlaps(home):
                return f"the carrier's network {network} of {interface} overlaps the LAN's {home}"
    return None


def _networks_but(kernel: KernelState, interface: str) -> list[IPv4Network]:
    return [net for name, nets in kernel.networks.items() if name != interface for net in nets]


def twin(usb: UsbModem, kernel: KernelState) -> str | None:
    """What to tell of a modem whose address another interface has as well.

    Each still leaves by its own: tables and guard go by user and interface, not by address.
    """
    mine = set(kernel.addresses.get(usb.net or "", ()))
    for name, addresses in sorted(kernel.addresses.items()):
        for address in addresses:
            if name != usb.net and address in mine:
                return f"the carrier gave {address} to {name} as well"
    return None
