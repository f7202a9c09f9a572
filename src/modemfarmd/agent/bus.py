# SPDX-License-Identifier: GPL-3.0-or-later
"""The modems on this host's USB, read from sysfs: the only truth about what is plugged in."""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass
from pathlib import Path

from modemfarm.usb import PRODUCT, VENDOR, find_modem

from .farm import Device

FIRST_DATA_INTERFACE = 4  # EC25: 0 to 3 are serial ports, 4 is QMI's control and net
# The device's own name inside a longer sysfs path: .../1-1.4/1-1.4:1.3/ttyUSB3
_PLACE = re.compile(r"(?:^|/)([0-9]+-[0-9]+(?:\.[0-9]+)*)(?=/|:|$)")


@dataclass(frozen=True)
class Glance:
    """What costs a few reads: which incarnation is there, and whether its data ports are."""

    devnum: str
    has_data: bool


class Bus:
    """Reads `root`/sys; each call is a fresh look.

    A plug sends some fifty udev events and a full look costs 150 reads (0.8 ms, ten times that
    under emulation), so events are met with a glance.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._devices = root / "sys/bus/usb/devices"

    def paths(self) -> set[str]:
        """The USB paths of all EC25 that are there. OSError, see `_gone`."""
        try:
            names = os.listdir(self._devices)  # noqa: PTH208 - names are all we want
        except OSError as error:
            _gone(error)
            return set()
        return {name for name in names if ":" not in name and self._is_modem(name)}

    def glance(self, path: str) -> Glance | None:
        """The EC25 at a USB path in a few reads, None when there is none. OSError, see `_gone`."""
        if not self._is_modem(path):
            return None
        data = f"{self._devices}/{path}:1.{FIRST_DATA_INTERFACE}"
        has_data = os.path.exists(f"{data}/net") and os.path.exists(f"{data}/usbmisc")  # noqa: PTH110
        return Glance(self._incarnation(path), has_data)

    def device(self, path: str) -> Device | None:
        """The EC25 at a USB path with all its ports, None when there is none."""
        usb = find_modem(path, self._root)
        return None if usb is None else Device(usb, self._incarnation(path))

    def _is_modem(self, name: str) -> bool:
        folder = f"{self._devices}/{name}"
        return _line(f"{folder}/idVendor") == VENDOR and _line(f"{folder}/idProduct") == PRODUCT

    def _incarnation(self, path: str) -> str:
        # The number of a device may come round again; sysfs gives each device a new inode.
        folder = f"{self._devices}/{path}"
        try:
            inode = os.stat(folder).st_ino  # noqa: PTH116
        except OSError:
            inode = 0
        return f"{_line(f'{folder}/devnum')}/{inode}"

    def ready(self, device: Device) -> bool:
        """All ports are there, and udev has given us ours (the kernel makes nodes root's)."""
        usb = device.usb
        if not usb.complete or usb.at_tty is None:
            return False
        return os.access(self._root / "dev" / usb.at_tty, os.R_OK | os.W_OK)

    def by_id(self) -> frozenset[str]:
        """The names in /dev/serial/by-id: what the plan scans; a hint, several share one name."""
        try:
            return frozenset(p.name for p in (self._root / "dev/serial/by-id").iterdir())
        except OSError:
            return frozenset()


def _line(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as stream:  # noqa: PTH123
            return stream.read(64).strip()
    except OSError as error:
        _gone(error)
        return ""


def _gone(error: OSError) -> None:
    """Nothing where the error says that something is not there; else it says nothing of the bus:
    a process without descriptors must not see thirty modems unplugged.
    """
    if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
        raise error


def usb_path_of(sysfs_path: str) -> str | None:
    """The USB device's name in a sysfs path (the deepest one), None when there is none."""
    found = _PLACE.findall(sysfs_path)
    return found[-1] if found else None
