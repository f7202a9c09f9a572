# SPDX-License-Identifier: GPL-3.0-or-later
"""The modems on this host's USB, read from sysfs: the only truth about what is plugged in."""

from __future__ import annotations

import os
import re
from pathlib import Path

from modemfarm.usb import find_modem, find_modems

from .farm import Device

# The device's own name inside a longer sysfs path: .../1-1.4/1-1.4:1.3/ttyUSB3
_PLACE = re.compile(r"(?:^|/)([0-9]+-[0-9]+(?:\.[0-9]+)*)(?=/|:|$)")


class Bus:
    """Reads `root`/sys; each call is a fresh look."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root

    def paths(self) -> set[str]:
        """The USB paths of all EC25 that are there."""
        return {usb.path for usb in find_modems(self._root)}

    def device(self, path: str) -> Device | None:
        """The EC25 at a USB path, None when there is none."""
        usb = find_modem(path, self._root)
        if usb is None:
            return None
        try:
            devnum = (usb.sysfs / "devnum").read_text(encoding="ascii").strip()
        except OSError:
            devnum = ""
        # After a replug the number may come round again; the node's age tells the two apart.
        return Device(usb, f"{devnum}/{_age(usb.sysfs)}")

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


def _age(sysfs: Path) -> int:
    try:
        return sysfs.stat().st_ino  # sysfs gives each new device a new inode
    except OSError:
        return 0


def usb_path_of(sysfs_path: str) -> str | None:
    """The USB device's name in a sysfs path (the deepest one), None when there is none."""
    found = _PLACE.findall(sysfs_path)
    return found[-1] if found else None
