# SPDX-License-Identifier: GPL-3.0-or-later
"""EC25 modems as sysfs shows them: which ports belong to which USB device.

ttyUSB, cdc-wdm and wwan numbers are independent counters, so a port is found by walking down from
its USB device and is told apart by bInterfaceNumber and driver, never by its own number.
EC25 interfaces (Quectel LTE Linux USB driver guide): 00 DIAG, 01 NMEA, 02 and 03 AT, 04 data.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

VENDOR = "2c7c"
PRODUCT = "0125"
ROOT = Path("/")

DIAG, NMEA, AT_MODEM, AT_FARM = 0, 1, 2, 3

_BY_DRIVER = {
    "qmi_wwan": "qmi",
    "qmi_wwan_q": "qmi",
    "cdc_ether": "ecm",
    "cdc_mbim": "mbim",
    "rndis_host": "rndis",
}
# Class, subclass, protocol of the control interface (USB CDC, MBIM 1.0, Microsoft RNDIS), for the
# moments before a driver is bound. None stands for any.
_BY_CLASS: tuple[tuple[int, int, int | None, str], ...] = (
    (0x02, 0x06, None, "ecm"),
    (0x02, 0x0E, None, "mbim"),
    (0xE0, 0x01, 0x03, "rndis"),
    (0x02, 0x02, 0xFF, "rndis"),
)
_SERIAL_DRIVERS = ("option", "qcserial", "usbserial_generic")
_FIRST_DATA_INTERFACE = 4


@dataclass(frozen=True)
class UsbInterface:
    """One interface; driver, tty, cdc_wdm and net are None while the kernel has not made them."""

    number: int
    triple: tuple[int, int, int]
    driver: str | None = None
    tty: str | None = None
    cdc_wdm: str | None = None
    net: str | None = None


@dataclass(frozen=True)
class UsbModem:
    """One EC25 on the bus. `usb_serial` is only for show: it is empty or "0" on many of them."""

    path: str
    sysfs: Path
    product: str
    usb_serial: str
    interfaces: tuple[UsbInterface, ...]

    @property
    def composition(self) -> str:
        """How the data interface speaks: qmi, ecm, mbim, rndis or unknown."""
        for interface in self.interfaces:
            if interface.driver in _BY_DRIVER:
                return _BY_DRIVER[interface.driver]
        for interface in self.interfaces:
            for class_, subclass, protocol, name in _BY_CLASS:
                if interface.triple[:2] == (class_, subclass) and protocol in (
                    None,
                    interface.triple[2],
                ):
                    return name
        # QMI has no class of its own: vendor specific ff/ff/ff behind the four serial interfaces.
        for interface in self.interfaces:
            if interface.number >= _FIRST_DATA_INTERFACE and interface.triple == (255, 255, 255):
                return "qmi"
        return "unknown"

    @property
    def at_tty(self) -> str | None:
        """The AT port that is ours (interface 03), as a tty name such as ttyUSB3."""
        return self.tty(AT_FARM)

    @property
    def cdc_wdm(self) -> str | None:
        """The QMI control device, such as cdc-wdm0."""
        return next((i.cdc_wdm for i in self.interfaces if i.cdc_wdm), None)

    @property
    def net(self) -> str | None:
        """The network interface, such as wwan0."""
        return next((i.net for i in self.interfaces if i.net), None)

    def tty(self, number: int) -> str | None:
        """The tty of interface `number` where a serial driver made one."""
        for interface in self.interfaces:
            if interface.number == number and interface.driver in _SERIAL_DRIVERS:
                return interface.tty
        return None

    @property
    def ttys(self) -> tuple[str, ...]:
        """All ttys in the order of their interfaces."""
        return tuple(i.tty for i in self.interfaces if i.tty)

    @property
    def at_candidates(self) -> tuple[str, ...]:
        """The ttys worth asking, best first.

        Interface 03 is ours. In another composition its number may mean another port, and
        ModemManager does not drive the modem in a way the farm uses, so any port may be asked.
        """
        if self.composition == "qmi":
            return (self.at_tty,) if self.at_tty else ()
        best = [tty for tty in (self.at_tty, self.tty(AT_MODEM)) if tty]
        return (*best, *(tty for tty in reversed(self.ttys) if tty not in best))

    @property
    def complete(self) -> bool:
        """True when all ports of the usual composition are there."""
        return self.at_tty is not None and self.cdc_wdm is not None and self.net is not None

    def alive(self) -> bool:
        """True while its network interface is still the one that was seen: one look at sysfs."""
        return any(
            (self.sysfs / f"{self.path}:1.{i.number}" / "net" / i.net).exists()
            for i in self.interfaces
            if i.net
        )


def find_modems(root: Path = ROOT) -> tuple[UsbModem, ...]:
    """All EC25 under `root`/sys, ordered by path. Devices that vanish meanwhile are left out."""
    devices = root / "sys/bus/usb/devices"
    found = (_modem(entry) for entry in _entries(devices) if ":" not in entry.name)
    return tuple(sorted((m for m in found if m is not None), key=lambda modem: modem.path))


def find_modem(path: str, root: Path = ROOT) -> UsbModem | None:
    """The EC25 at USB path `path` (checked by the caller), None when there is none."""
    return _modem(root / "sys/bus/usb/devices" / path)


def _modem(device: Path) -> UsbModem | None:
    if _text(device / "idVendor") != VENDOR or _text(device / "idProduct") != PRODUCT:
        return None
    # /sys/bus/usb/devices/1-1 is a link; its target holds the interfaces 1-1:1.0, 1-1:1.1, ...
    real = device.resolve()
    interfaces = [
        interface
        for entry in _entries(real)
        if entry.name.startswith(f"{device.name}:")
        if (interface := _interface(entry)) is not None
    ]
    return UsbModem(
        path=device.name,
        sysfs=real,
        product=_text(device / "product"),
        usb_serial=_text(device / "serial"),
        interfaces=tuple(sorted(interfaces, key=lambda interface: interface.number)),
    )


def _interface(entry: Path) -> UsbInterface | None:
    fields = ("bInterfaceNumber", "bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol")
    try:
        number, *triple = (int(_text(entry / field), 16) for field in fields)
    except ValueError:
        return None  # it vanished while being read
    driver = entry / "driver"
    return UsbInterface(
        number=number,
        triple=(triple[0], triple[1], triple[2]),
        driver=driver.resolve().name if driver.is_symlink() else None,
        tty=_tty(entry),
        cdc_wdm=_first(entry / "usbmisc", "cdc-wdm"),
        net=_first(entry / "net", ""),
    )


def _tty(entry: Path) -> str | None:
    # usb-serial puts ttyUSB3 right below the interface, cdc_acm puts tty/ttyACM0 there.
    return _first(entry, "ttyUSB") or _first(entry / "tty", "tty")


def _first(folder: Path, prefix: str) -> str | None:
    return next((e.name for e in _entries(folder) if e.name.startswith(prefix)), None)


def _entries(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(folder.iterdir())
    except OSError:
        return  # not there, or unplugged meanwhile


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
