# SPDX-License-Identifier: GPL-3.0-or-later
"""USB as it is built: Controller > Device (hubs and modems) > Interface > Endpoint.

All of it is what sysfs says; strings in it come from devices and are shown escaped only.
"""

from dataclasses import dataclass, field

from ..usb import PRODUCT, VENDOR

HUB_CLASS = 0x09
SELF_POWERED = 0x40  # bmAttributes of a configuration, USB 2.0 table 9-10
ROOT_TIER = 1
LAST_TIER = 7  # USB 2.0 section 4.1.1: a device at most there,
LAST_HUB_TIER = LAST_TIER - 1  # so a hub at most here ("hub nested too deep" otherwise)
HIGH_SPEED = 480.0  # Mbit/s
# What a port gives (USB 2.0 section 7.2.1): all of it, or what a hub without a supply passes on.
PORT_MA, BUS_POWERED_PORT_MA = 500, 100


@dataclass(frozen=True)
class Endpoint:
    """One endpoint besides 0. `kind` is bmAttributes' transfer type: 1 iso, 2 bulk, 3 interrupt."""

    address: int
    kind: int
    size: int
    interval: int


@dataclass(frozen=True)
class Interface:
    """One interface in the setting that is on."""

    number: int
    triple: tuple[int, int, int]
    driver: str | None
    endpoints: tuple[Endpoint, ...]


@dataclass(frozen=True)
class Port:
    """One port of a hub. `kind` is the firmware's word: hotplug, hardwired, not used, unknown."""

    number: int
    kind: str = "unknown"
    taken_by: str | None = None  # name of the device in it, or in its SuperSpeed twin
    over_currents: int = 0

    @property
    def usable(self) -> bool:
        """Whether a modem can be plugged in: it is there, reachable, and nothing is in it."""
        return self.taken_by is None and self.kind not in ("hardwired", "not used")


@dataclass(frozen=True)
class Device:
    """A device that is no root hub, or (tier 1) a root hub. `milliamperes` is what it declares."""

    name: str
    bus: int
    tier: int
    vendor: str
    product_id: str
    product: str
    speed: float
    usb_class: int
    configured: bool
    authorized: bool
    milliamperes: int
    self_powered: bool
    autosuspend: bool
    interfaces: tuple[Interface, ...]
    declared: int  # endpoints of its only or first configuration, 0 included; also when not on
    ports: tuple[Port, ...] = ()

    @property
    def is_modem(self) -> bool:
        return (self.vendor, self.product_id) == (VENDOR, PRODUCT)

    @property
    def is_root(self) -> bool:
        return self.tier == ROOT_TIER

    @property
    def is_hub(self) -> bool:
        return self.usb_class == HUB_CLASS

    @property
    def endpoints(self) -> int:
        """Endpoints in use, endpoint 0 included."""
        return 1 + sum(len(interface.endpoints) for interface in self.interfaces)

    @property
    def feeds_modems(self) -> bool:
        """Whether each port of this hub may give what an EC25 declares."""
        return self.is_root or self.self_powered

    @property
    def parent(self) -> str:
        """The hub it hangs on: 1-1 of 1-1.4, usb1 of 1-1; empty for a root hub."""
        if self.is_root:
            return ""
        return self.name.rpartition(".")[0] or f"usb{self.bus}"


@dataclass(frozen=True)
class Controller:
    """One host controller with all devices of its one or two buses, root hubs first."""

    name: str
    driver: str
    kind: str
    pci: str | None  # "8086:1e31"
    slots: int | None  # as its capability register says, where that can be read
    devices: tuple[Device, ...] = field(default=())

    @property
    def roots(self) -> tuple[Device, ...]:
        return tuple(device for device in self.devices if device.is_root)

    @property
    def plugged(self) -> tuple[Device, ...]:
        """All devices that are no root hubs."""
        return tuple(device for device in self.devices if not device.is_root)

    @property
    def modems(self) -> tuple[Device, ...]:
        return tuple(device for device in self.plugged if device.is_modem)

    @property
    def modem_hubs(self) -> tuple[Device, ...]:
        """Hubs, roots too, on which a modem runs at high speed."""
        hubs = (device for device in self.devices if device.is_hub and device.configured)
        return tuple(hub for hub in hubs if hub.speed == HIGH_SPEED)
