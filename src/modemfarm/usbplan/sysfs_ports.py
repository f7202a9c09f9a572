# SPDX-License-Identifier: GPL-3.0-or-later
"""The ports of a hub: what is in them, what the firmware says of them, how often they tripped."""

from pathlib import Path

from .model import Port
from .sysfs_text import entries, link_name, number, text

MOST_PORTS = 255  # bNbrPorts is a byte


def ports_of(real: Path, name: str, bus: int) -> tuple[Port, ...]:
    """Ports 1 to maxchild of the hub at `real`, a root hub (`usb1`) or another (`1-1`)."""
    count = min(number(text(real / "maxchild")), MOST_PORTS)
    prefix = f"{bus}-" if name.startswith("usb") else f"{name}."
    folders = _folders(real)
    children = {entry.name for entry in entries(real)}
    ports = []
    for index in range(1, count + 1):
        folder = folders.get(f"{name}-port{index}")
        child = f"{prefix}{index}" if f"{prefix}{index}" in children else None
        ports.append(_port(index, child, folder))
    return tuple(ports)


def _port(index: int, child: str | None, folder: Path | None) -> Port:
    if folder is None:  # kernels before 3.6, and made trees
        return Port(index, taken_by=child)
    return Port(
        number=index,
        kind=text(folder / "connect_type") or "unknown",
        # One socket is a port of two root hubs: a SuperSpeed stick in it leaves this side empty.
        taken_by=child or link_name(folder / "device") or link_name(folder / "peer" / "device"),
        over_currents=number(text(folder / "over_current_count")),
    )


def _folders(real: Path) -> dict[str, Path]:
    """The folders `<hub>-port<n>`, which lie below the hub's only interface."""
    return {
        port.name: port
        for interface in entries(real)
        if ":" in interface.name
        for port in entries(interface)
        if "-port" in port.name
    }
