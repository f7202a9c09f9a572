# SPDX-License-Identifier: GPL-3.0-or-later
"""What a modem's network interface has counted since it came into being.

An interface is found below its USB device, never by its name: after a replug wwan0 is another
modem's. Its index tells it from the one before it: the kernel gives no index twice while it runs
(dev_new_index in net/core/dev.c), so index and boot together name one life of one interface. The
counters have 64 bits, begin at 0 with that life, and nobody can set them back (struct
rtnl_link_stats64). Other sources were left out: a counter of the guard ends with its table, one of
systemd's IPAccounting ends with the unit and counts the LAN's side as well, and the modem's own
(QMI WDS) ends with the bearer.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

BOOT = Path("proc/sys/kernel/random/boot_id")
DEVICES = Path("sys/bus/usb/devices")


@dataclass(frozen=True)
class Reading:
    """Bytes received and sent; source names the life of the interface that they are of."""

    source: str
    down: int
    up: int


class Meter:
    """Reads below `root`, as any user may."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, usb_path: str) -> Reading | None:
        """What the modem at a USB path has moved; None where it has no interface just now."""
        device = self._root / DEVICES / usb_path
        try:
            folders = sorted(device.glob(f"{usb_path}:*/net/*"))
        except FileNotFoundError:
            return None  # it vanished while it was listed
        for folder in folders:
            try:
                index = _number(folder / "ifindex")
                statistics = folder / "statistics"
                down = _number(statistics / "rx_bytes")
                up = _number(statistics / "tx_bytes")
                if _number(folder / "ifindex") == index:  # else it was replugged meanwhile
                    return Reading(f"{self._boot()}/{index}", down, up)
            except (OSError, ValueError):
                continue  # unplugged meanwhile
        return None

    def _boot(self) -> str:
        return (self._root / BOOT).read_text(encoding="ascii").strip()


def _number(path: Path) -> int:
    return int(path.read_text(encoding="ascii"))
