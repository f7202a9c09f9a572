# SPDX-License-Identifier: GPL-3.0-or-later
"""A host made of files: sysfs and /dev below a folder, with virtual modems behind terminals.

For programs that take another root than `/`. Where the kernel would make and remove nodes, this
does: at plug, unplug, and when a modem restarts, then with the next device number and in the
composition that it has stored.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from modemlab.faces.background import Background
from modemlab.faces.pty import PtyFace
from modemlab.modem.modem import Modem
from modemlab.modem.spec import ModemSpec
from modemlab.usb.descriptors import Interface
from modemlab.usb.ec25 import COMPOSITIONS, PRODUCT, VENDOR

SERIAL_ROLES = ("diag", "nmea", "at2", "at3")
DRIVERS = {"qmi": "qmi_wwan", "ecm": "cdc_ether", "mbim": "cdc_mbim", "rndis": "rndis_host"}
DEVICES = Path("sys/bus/usb/devices")


class FilesHost:
    """The files of one host; modems are plugged in by `plug` and live in the loop of `lab`."""

    def __init__(self, root: Path, lab: Background) -> None:
        self.root = root
        self._lab = lab
        self._devnum = 1
        (root / DEVICES).mkdir(parents=True)
        (root / "dev").mkdir()

    def plug(self, spec: ModemSpec, usb_path: str, index: int) -> tuple[Modem, FilesFace]:
        """A modem at `usb_path`, with ttyUSB<4*index>..., cdc-wdm<index> and wwan<index>."""
        modem = Modem(spec)
        face = FilesFace(self, modem, usb_path, index)
        self._lab.open(face)
        return modem, face

    def next_devnum(self) -> int:
        """A number that no device here has had."""
        self._devnum += 1
        return self._devnum


class FilesFace(PtyFace):
    """Terminals of one modem, and the files that show it to programs."""

    def __init__(self, host: FilesHost, modem: Modem, usb_path: str, index: int) -> None:
        super().__init__(modem, host.root / "ports" / usb_path)
        self._host = host
        self._path = usb_path
        self._index = index
        self._real = host.root / "sys/devices/usb1" / usb_path

    def open(self) -> None:
        """Plug in; also when the modem comes back from a restart."""
        super().open()
        self._show()

    def close(self) -> None:
        """Unplug."""
        self._hide()
        super().close()

    def _show(self) -> None:
        self._real.mkdir(parents=True)
        texts = {
            "idVendor": f"{VENDOR:04x}",
            "idProduct": f"{PRODUCT:04x}",
            "product": "EC25-EUX",
            "devnum": str(self._host.next_devnum()),
        }
        if self._modem.usb_serial:
            texts["serial"] = self._modem.usb_serial
        for name, text in texts.items():
            (self._real / name).write_text(text + "\n")
        serials = 0
        for interface in COMPOSITIONS[self._modem.composition]:
            if interface.alternate == 0:
                tty = serials if interface.role in SERIAL_ROLES else None
                serials += tty is not None
                self._interface(interface, tty)
        (self._host.root / DEVICES / self._path).symlink_to(self._real)

    def _interface(self, interface: Interface, tty: int | None) -> None:
        folder = self._real / f"{self._path}:1.{interface.number}"
        folder.mkdir()
        (folder / "bInterfaceNumber").write_text(f"{interface.number:02x}\n")
        for name, value in zip(("Class", "SubClass", "Protocol"), interface.usb_class, strict=True):
            (folder / f"bInterface{name}").write_text(f"{value:02x}\n")
        if tty is not None:
            self._bind(folder, "option")
            name = f"ttyUSB{4 * self._index + tty}"
            (folder / name).mkdir()
            self._node(name, interface.role)
        elif interface.role in DRIVERS:
            self._bind(folder, DRIVERS[interface.role])
            (folder / "net" / f"wwan{self._index}").mkdir(parents=True)
            if interface.role in ("qmi", "mbim"):
                (folder / "usbmisc" / f"cdc-wdm{self._index}").mkdir(parents=True)
                self._node(f"cdc-wdm{self._index}", "qmi")

    def _bind(self, folder: Path, driver: str) -> None:
        target = self._host.root / "sys/bus/usb/drivers" / driver
        target.mkdir(parents=True, exist_ok=True)
        (folder / "driver").symlink_to(target)

    def _node(self, name: str, port: str) -> None:
        """A link to the terminal; DIAG and NMEA have none, so they are not there for programs."""
        if port in self.paths:
            link = self._host.root / "dev" / name
            link.unlink(missing_ok=True)
            link.symlink_to(self.paths[port])

    def _hide(self) -> None:
        (self._host.root / DEVICES / self._path).unlink(missing_ok=True)
        shutil.rmtree(self._real, ignore_errors=True)
