# SPDX-License-Identifier: GPL-3.0-or-later
"""NetworkManager's devices, active connections and profiles, read with one call.

Numbers are NMDeviceState of the NetworkManager D-Bus reference.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .bus import Objects, managed_objects_command

COMMAND = managed_objects_command("org.freedesktop.NetworkManager", "/org/freedesktop")
_NM = "org.freedesktop.NetworkManager"

UNMANAGED, UNAVAILABLE, DISCONNECTED, ACTIVATED, FAILED = 10, 20, 30, 100, 120


@dataclass(frozen=True)
class NmDevice:
    """One device; `profile` is the id of the connection that is active or being activated."""

    name: str
    state: int
    ip_interface: str | None = None
    profile: str | None = None


@dataclass(frozen=True)
class NmState:
    """Devices by name, and the files of the profiles that are loaded."""

    devices: Mapping[str, NmDevice] = field(default_factory=dict)
    profile_files: frozenset[str] = frozenset()


def parse_state(objects: Objects) -> NmState:
    """What COMMAND shows."""
    devices = (
        _device(objects, interfaces[f"{_NM}.Device"])
        for interfaces in objects.values()
        if f"{_NM}.Device" in interfaces
    )
    files = (
        str(interfaces[f"{_NM}.Settings.Connection"].get("Filename", ""))
        for interfaces in objects.values()
        if f"{_NM}.Settings.Connection" in interfaces
    )
    return NmState({device.name: device for device in devices}, frozenset(filter(None, files)))


def _device(objects: Objects, device: Mapping[str, Any]) -> NmDevice:
    active = objects.get(str(device.get("ActiveConnection", "/")), {})
    profile = active.get(f"{_NM}.Connection.Active", {}).get("Id")
    return NmDevice(
        name=str(device.get("Interface", "")),
        state=int(device.get("State", 0)),
        ip_interface=str(device.get("IpInterface", "")) or None,
        profile=None if profile is None else str(profile),
    )
