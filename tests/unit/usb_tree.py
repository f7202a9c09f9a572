# SPDX-License-Identifier: GPL-3.0-or-later
"""USB in a made sysfs: controllers, hubs and modems with the lab's real descriptors."""

from __future__ import annotations

from pathlib import Path

from modemlab.usb import ec25
from modemlab.usb.descriptors import Device, Interface

HUB_INTERRUPT = ("81", "03", "0001", "0c")


class UsbTree:
    """Writes what Linux 6.1 shows. Devices are named as there: usb1, 1-4, 1-4.2."""

    def __init__(self, sysfs: Path) -> None:
        self.sysfs = sysfs
        self.links = sysfs / "bus/usb/devices"
        self.links.mkdir(parents=True)
        self.real: dict[str, Path] = {}

    def controller(
        self,
        name: str = "0000:00:14.0",
        buses: tuple[tuple[int, str, int], ...] = ((1, "480", 4),),
        *,
        driver: str = "xhci_hcd",
        pci: tuple[str, str] | None = ("0x8086", "0xa36d"),
        parent: str = "devices/pci0000:00",
        slots: int | None = None,
    ) -> None:
        """`buses` are (number, speed, ports)."""
        place = self.sysfs / parent / name
        place.mkdir(parents=True)
        drivers = self.sysfs / "bus/pci/drivers" / driver
        drivers.mkdir(parents=True, exist_ok=True)
        (place / "driver").symlink_to(drivers)
        if pci:
            _write(place, vendor=pci[0], device=pci[1])
        if slots is not None:
            registers = self.sysfs / "kernel/debug/usb/xhci" / name
            registers.mkdir(parents=True)
            (registers / "reg-cap").write_text(
                f"CAPLENGTH = 0x01000080\nHCSPARAMS1 = 0x{slots:08x}\n"
            )
        for number, speed, ports in buses:
            root = place / f"usb{number}"
            self._add(root, "1d6b", "0002", "xHCI Host Controller", speed, "09", attributes="e0")
            self._hub(root, f"{number}-0", ports)

    def hub(
        self,
        name: str,
        ports: int = 4,
        *,
        powered: bool = True,
        speed: str = "480",
        product: str = "USB2.0 Hub",
    ) -> Path:
        hub = self._place(name)
        attributes = "e0" if powered else "a0"
        self._add(hub, "05e3", "0610", product, speed, "09", attributes=attributes, power="100mA")
        self._hub(hub, name, ports)
        return hub

    def modem(
        self,
        name: str,
        *,
        composition: str = "qmi",
        speed: str = "480",
        control: str = "on",
        configured: bool = True,
        product: str = "EC25-EUX",
        authorized: str = "1",
    ) -> Path:
        place = self._place(name)
        device = ec25.device(composition)
        self._add(place, "2c7c", "0125", product, speed, "ef" if composition == "mbim" else "00",
                  power="500mA", control=control, attributes="a0")  # fmt: skip
        _write(place, authorized=authorized)
        (place / "descriptors").write_bytes(device.pack() + device.configuration.pack())
        if configured:
            self._configure(place, name, device)
        else:
            (place / "bConfigurationValue").write_text("\n")
        return place

    def other(self, name: str, product: str = "Keyboard", speed: str = "1.5") -> Path:
        place = self._place(name)
        self._add(place, "046d", "c31c", product, speed, "00", power="90mA")
        folder = place / f"{name}:1.0"
        folder.mkdir()
        _write(folder, bInterfaceNumber="00", bInterfaceClass="03", bInterfaceSubClass="01",
               bInterfaceProtocol="01")  # fmt: skip
        _endpoint(folder, *HUB_INTERRUPT)
        return place

    def port(self, hub: str, number: int, **attributes: str) -> Path:
        """Attributes of one port, such as connect_type and over_current_count."""
        interface = f"{hub[3:]}-0" if hub.startswith("usb") else hub
        folder = self.real[hub] / f"{interface}:1.0" / f"{hub}-port{number}"
        folder.mkdir(exist_ok=True)
        _write(folder, **attributes)
        return folder

    def _configure(self, place: Path, name: str, device: Device) -> None:
        for interface in device.configuration.interfaces:
            if interface.alternate == 0:
                self._interface(place / f"{name}:1.{interface.number}", interface)

    def _interface(self, folder: Path, interface: Interface) -> None:
        folder.mkdir()
        usb_class, subclass, protocol = (f"{part:02x}" for part in interface.usb_class)
        _write(folder, bInterfaceNumber=f"{interface.number:02x}", bInterfaceClass=usb_class,
               bInterfaceSubClass=subclass, bInterfaceProtocol=protocol)  # fmt: skip
        for one in interface.endpoints:
            _endpoint(folder, f"{one.address:02x}", f"{one.kind:02x}", f"{one.size:04x}",
                      f"{one.interval:02x}")  # fmt: skip

    def _place(self, name: str) -> Path:
        bus = name.partition("-")[0]
        parent = name.rpartition(".")[0] or f"usb{bus}"
        return self.real[parent] / name

    def _add(
        self,
        place: Path,
        vendor: str,
        product_id: str,
        product: str,
        speed: str,
        usb_class: str,
        *,
        power: str = "0mA",
        control: str = "auto",
        attributes: str = "a0",
    ) -> None:
        (place / "power").mkdir(parents=True)
        _write(place, idVendor=vendor, idProduct=product_id, product=product, speed=speed,
               bDeviceClass=usb_class, bMaxPower=power, bmAttributes=attributes,
               bConfigurationValue="1")  # fmt: skip
        _write(place / "power", control=control)
        self.real[place.name] = place
        (self.links / place.name).symlink_to(place)

    def _hub(self, place: Path, interface: str, ports: int) -> None:
        folder = place / f"{interface}:1.0"
        folder.mkdir()
        _write(place, maxchild=str(ports))
        _write(folder, bInterfaceNumber="00", bInterfaceClass="09", bInterfaceSubClass="00",
               bInterfaceProtocol="00")  # fmt: skip
        _endpoint(folder, *HUB_INTERRUPT)


def _write(folder: Path, **attributes: str) -> None:
    for name, text in attributes.items():
        (folder / name).write_text(text + "\n")


def _endpoint(folder: Path, address: str, kind: str, size: str, interval: str) -> None:
    place = folder / f"ep_{address}"
    place.mkdir()
    _write(place, bEndpointAddress=address, bmAttributes=kind, wMaxPacketSize=size,
           bInterval=interval)  # fmt: skip
