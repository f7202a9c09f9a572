# SPDX-License-Identifier: GPL-3.0-or-later
"""NetworkManager's devices, active connections and profiles, and the calls that change them.

Activation is ActivateConnection, what `nmcli connection up id ... ifname ...` calls: it returns at
once, so one thread can bring up a whole batch. Numbers are from the NetworkManager D-Bus reference.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..dbus.connection import Call

SERVICE = "org.freedesktop.NetworkManager"
_ROOT = "/org/freedesktop/NetworkManager"
_DEVICE = f"{SERVICE}.Device"
_ACTIVE = f"{SERVICE}.Connection.Active"
_PROFILE = f"{SERVICE}.Settings.Connection"
INTERFACES = frozenset((_DEVICE, _ACTIVE, _PROFILE))
READ = Call(SERVICE, "/org/freedesktop", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
SIGNALS = (
    f"type='signal',sender='{SERVICE}',interface='{_DEVICE}',member='StateChanged'",
    f"type='signal',sender='{SERVICE}',interface='{_ACTIVE}',member='StateChanged'",
    f"type='signal',sender='{SERVICE}',interface='{SERVICE}',member='DeviceAdded'",
)

UNMANAGED, UNAVAILABLE, DISCONNECTED, ACTIVATED, FAILED = 10, 20, 30, 100, 120  # NMDeviceState
ACTIVE_ACTIVATING, ACTIVE_ACTIVATED, ACTIVE_DEACTIVATING = 1, 2, 3  # NMActiveConnectionState
# NMDeviceStateReason, those that a modem can give.
REASONS = {
    4: "the configuration failed",
    5: "no IP configuration from the carrier",
    6: "the IP configuration expired",
    7: "a secret was asked for",
    23: "the modem is busy",
    24: "no dial tone",
    25: "no carrier",
    26: "the dial timed out",
    27: "the dial failed",
    28: "the modem could not be initialised",
    29: "the APN was not accepted",
    30: "the modem does not search for networks",
    31: "registration denied",
    32: "registration timed out",
    33: "registration failed",
    34: "the PIN check failed",
    36: "the device was removed",
    38: "the profile was removed",
    39: "it was ended by request",
    43: "the modem was not found",
    45: "no SIM",
    46: "PIN required",
    47: "PUK required",
    48: "wrong SIM",
    52: "ModemManager is not available",
    57: "the modem failed",
    59: "the PIN is wrong",
}


@dataclass(frozen=True)
class NmDevice:
    """One device; `profile` is the id of the connection that is active or being activated."""

    name: str
    path: str
    state: int
    ip_interface: str | None = None
    profile: str | None = None
    active_path: str | None = None


@dataclass(frozen=True)
class NmState:
    """Devices by name, loaded profiles (object by file), active connections (state by object)."""

    devices: Mapping[str, NmDevice] = field(default_factory=dict)
    profiles: Mapping[str, str] = field(default_factory=dict)
    actives: Mapping[str, int] = field(default_factory=dict)


Objects = Mapping[str, Mapping[str, Mapping[str, Any]]]


def parse_state(objects: Objects) -> NmState:
    """What READ shows."""
    devices = [
        _device(objects, path, interfaces[_DEVICE])
        for path, interfaces in objects.items()
        if _DEVICE in interfaces
    ]
    profiles = {
        str(interfaces[_PROFILE].get("Filename", "")): path
        for path, interfaces in objects.items()
        if _PROFILE in interfaces
    }
    actives = {
        path: int(interfaces[_ACTIVE].get("State", 0))
        for path, interfaces in objects.items()
        if _ACTIVE in interfaces
    }
    return NmState({device.name: device for device in devices}, profiles, actives)


def _device(objects: Objects, path: str, device: Mapping[str, Any]) -> NmDevice:
    active_path = str(device.get("ActiveConnection", "/"))
    profile = objects.get(active_path, {}).get(_ACTIVE, {}).get("Id")
    return NmDevice(
        name=str(device.get("Interface", "")),
        path=path,
        state=int(device.get("State", 0)),
        ip_interface=str(device.get("IpInterface", "")) or None,
        profile=None if profile is None else str(profile),
        active_path=None if profile is None else active_path,
    )


def load_call(files: Iterable[str]) -> Call:
    """Read keyfiles (again); answers (all loaded, files that were not)."""
    settings = f"{SERVICE}.Settings"
    return Call(SERVICE, f"{_ROOT}/Settings", settings, "LoadConnections", "as", (list(files),))


def find_call(uuid: str) -> Call:
    """The object of a loaded profile."""
    settings = f"{SERVICE}.Settings"
    return Call(SERVICE, f"{_ROOT}/Settings", settings, "GetConnectionByUuid", "s", (uuid,))


def activate_call(profile_path: str, device_path: str) -> Call:
    """Bring a profile up on one device; answers the active connection's object at once."""
    values = (profile_path, device_path, "/")
    return Call(SERVICE, _ROOT, SERVICE, "ActivateConnection", "ooo", values)


def deactivate_call(active_path: str) -> Call:
    """Take an active connection down."""
    return Call(SERVICE, _ROOT, SERVICE, "DeactivateConnection", "o", (active_path,))


def failure_of(interface: str, member: str, values: list[Any]) -> int | None:
    """The reason in a device's StateChanged(new, old, reason) signal when it went to failed."""
    if (interface, member) != (_DEVICE, "StateChanged") or len(values) != 3:
        return None
    return int(values[2]) if int(values[0]) == FAILED else None
