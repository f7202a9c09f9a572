# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads all controllers and their devices from sysfs. What vanishes meanwhile is left out."""

import re
from collections.abc import Iterator
from pathlib import Path

from .descriptors import MOST_BYTES, declared_endpoints
from .model import HUB_CLASS, ROOT_TIER, SELF_POWERED, Controller, Device, Endpoint, Interface
from .sysfs_ports import ports_of
from .sysfs_text import entries, hexadecimal, link_name, number, text

SYSFS = Path("/sys")
_ROOT = re.compile(r"usb([0-9]{1,3})\Z")
_DEVICE = re.compile(r"([0-9]{1,3})-[0-9]{1,3}(\.[0-9]{1,3}){0,6}\Z")
_SLOTS = re.compile(r"HCSPARAMS1 = 0x([0-9a-f]{1,8})$", re.MULTILINE)
# A driver's name holds its kind: xhci_hcd, xhci-hcd, ehci-pci, vhci_hcd, ...
KINDS = ("xhci", "ehci", "ohci", "uhci", "vhci", "dwc2", "dwc_otg", "dummy")


def read_controllers(sysfs: Path = SYSFS) -> tuple[Controller, ...]:
    """All host controllers, those with the lowest bus first; none on a host without USB."""
    devices = sysfs / "bus/usb/devices"
    places: dict[Path, list[str]] = {}
    for entry in entries(devices):
        if _ROOT.match(entry.name):
            places.setdefault(entry.resolve().parent, []).append(entry.name)
    found = [_controller(sysfs, place, names) for place, names in places.items()]
    return tuple(sorted(found, key=lambda one: min(root.bus for root in one.roots)))


def _controller(sysfs: Path, place: Path, root_names: list[str]) -> Controller:
    devices = sysfs / "bus/usb/devices"
    roots = [_root(devices / name) for name in root_names]
    buses = {root.bus for root in roots}
    plugged = [
        device
        for entry in entries(devices)
        if (match := _DEVICE.match(entry.name)) and int(match[1]) in buses
        if (device := _device(entry, int(match[1]))) is not None
    ]
    driver = link_name(place / "driver")
    vendor, product = (text(place / name).removeprefix("0x") for name in ("vendor", "device"))
    return Controller(
        name=place.name,
        driver=driver or "unknown",
        kind=_kind(driver, [root.product for root in roots]),
        pci=f"{vendor}:{product}" if vendor and product else None,
        slots=_slots(sysfs / "kernel/debug/usb/xhci" / place.name / "reg-cap"),
        devices=(*sorted(roots, key=lambda root: root.bus), *sorted(plugged, key=_order)),
    )


def _kind(driver: str | None, products: list[str]) -> str:
    for said in (driver or "", *products):
        for kind in KINDS:
            if kind in said.lower():
                return kind
    return "unknown"


def _slots(file: Path) -> int | None:
    """MaxSlots, the low byte of HCSPARAMS1 (xHCI 1.2 section 5.3.3); root reads debugfs only."""
    match = _SLOTS.search(text(file))
    return (int(match[1], 16) & 0xFF or None) if match else None


def _order(device: Device) -> list[int]:
    return [int(word) for word in re.split(r"[-.]", device.name)]


def _root(entry: Path) -> Device:
    bus = int(entry.name.removeprefix("usb"))
    # A root hub that vanishes while it is read keeps its place with nothing on it.
    return _device(entry, bus, tier=ROOT_TIER) or _nothing(entry.name, bus)


def _nothing(name: str, bus: int) -> Device:
    return Device(
        name=name, bus=bus, tier=ROOT_TIER, vendor="", product_id="", product="", speed=0,
        usb_class=HUB_CLASS, configured=False, authorized=True, milliamperes=0,
        self_powered=True, autosuspend=False, interfaces=(), declared=1,
    )  # fmt: skip


def _device(entry: Path, bus: int, tier: int | None = None) -> Device | None:
    real = entry.resolve()
    vendor = text(real / "idVendor")
    if not vendor:
        return None
    name = entry.name
    interfaces = tuple(_interfaces(real, name if tier is None else f"{bus}-0"))
    usb_class = hexadecimal(real / "bDeviceClass")
    return Device(
        name=name,
        bus=bus,
        tier=tier or ROOT_TIER + 1 + name.count("."),
        vendor=vendor,
        product_id=text(real / "idProduct"),
        product=text(real / "product"),
        speed=_speed(text(real / "speed")),
        usb_class=usb_class,
        # Empty while no configuration is on: not authorized, or the kernel could not set it.
        configured=bool(text(real / "bConfigurationValue") or interfaces),
        authorized=text(real / "authorized") != "0",
        milliamperes=number(text(real / "bMaxPower").removesuffix("mA")),
        self_powered=bool(hexadecimal(real / "bmAttributes") & SELF_POWERED),
        autosuspend=text(real / "power/control") == "auto",
        interfaces=interfaces,
        declared=declared_endpoints(_raw(real / "descriptors")),
        ports=ports_of(real, name, bus) if usb_class == HUB_CLASS else (),
    )


def _interfaces(real: Path, prefix: str) -> Iterator[Interface]:
    for entry in entries(real):
        if not entry.name.startswith(f"{prefix}:"):
            continue
        if not text(entry / "bInterfaceNumber"):
            continue  # it vanished while being read
        triple = tuple(
            hexadecimal(entry / f"bInterface{part}") for part in ("Class", "SubClass", "Protocol")
        )
        yield Interface(
            number=hexadecimal(entry / "bInterfaceNumber"),
            triple=(triple[0], triple[1], triple[2]),
            driver=link_name(entry / "driver"),
            endpoints=tuple(_endpoint(e) for e in entries(entry) if e.name.startswith("ep_")),
        )


def _endpoint(entry: Path) -> Endpoint:
    return Endpoint(
        address=hexadecimal(entry / "bEndpointAddress"),
        kind=hexadecimal(entry / "bmAttributes") & 3,
        size=hexadecimal(entry / "wMaxPacketSize") & 0x7FF,  # above: transactions a microframe
        interval=hexadecimal(entry / "bInterval"),
    )


def _speed(said: str) -> float:
    try:
        return float(said)
    except ValueError:
        return 0.0


def _raw(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(MOST_BYTES)
    except OSError:
        return b""
