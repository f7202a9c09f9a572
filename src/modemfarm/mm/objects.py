# SPDX-License-Identifier: GPL-3.0-or-later
"""ModemManager's modems, joined to ours by USB path. Numbers are from ModemManager-enums.h."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from ..dbus.connection import Call

SERVICE = "org.freedesktop.ModemManager1"
ROOT = "/org/freedesktop/ModemManager1"
MODEM = f"{SERVICE}.Modem"
NETWORK = f"{MODEM}.Modem3gpp"
INTERFACES = frozenset((MODEM, NETWORK))
READ = Call(
    SERVICE,
    ROOT,
    "org.freedesktop.DBus.ObjectManager",
    "GetManagedObjects",
)
# A modem appears or goes; a modem changes its state. Signal strength and the like wake nobody.
SIGNALS = (
    f"type='signal',sender='{SERVICE}',interface='org.freedesktop.DBus.ObjectManager'",
    f"type='signal',sender='{SERVICE}',interface='{MODEM}',member='StateChanged'",
)

FAILED, UNKNOWN, INITIALIZING, LOCKED, SEARCHING, REGISTERED = -1, 0, 1, 2, 7, 8
FAILED_REASONS = {
    1: "unknown error",
    2: "no SIM",
    3: "SIM error",
    4: "unknown capabilities",
    5: "eSIM without profiles",
}
SIM_MISSING = 2
LOCK_PIN, LOCK_PUK = 2, 4
LOCKS = {2: "PIN required", 4: "PUK required", 6: "service provider lock", 8: "network lock"}
REGISTRATIONS = {
    0: "idle",
    1: "registered at home",
    2: "searching",
    3: "denied",
    4: "unknown",
    5: "roaming",
}
REGISTRATION_DENIED = 3


@dataclass(frozen=True)
class MmModem:
    """One modem object; `control` is the kernel name of its primary port, such as cdc-wdm0.

    `path` holds the object's number, which is another one after each probe; `device` is the uid
    that InhibitDevice wants, `offers` what the object can do (names of interfaces), `bearers` the
    objects of its bearers.
    """

    usb_path: str
    imei: str
    device_id: str
    state: int
    failed_reason: int = 0
    lock: int = 0
    registration: int | None = None
    control: str | None = None
    path: str = ""
    device: str = ""
    offers: frozenset[str] = frozenset()
    bearers: tuple[str, ...] = ()


Objects = Mapping[str, Mapping[str, Mapping[str, Any]]]


def parse_modems(objects: Objects) -> dict[str, MmModem]:
    """Modems by USB path (the last part of their sysfs device)."""
    modems: dict[str, MmModem] = {}
    for path, interfaces in objects.items():
        if MODEM in interfaces:
            modem = _modem(path, interfaces)
            modems[modem.usb_path] = modem
    return modems


def _modem(path: str, interfaces: Mapping[str, Mapping[str, Any]]) -> MmModem:
    modem = interfaces[MODEM]
    registration = interfaces.get(NETWORK, {}).get("RegistrationState")
    return MmModem(
        usb_path=PurePosixPath(str(modem.get("Device", ""))).name,
        imei=str(modem.get("EquipmentIdentifier", "")),
        device_id=str(modem.get("DeviceIdentifier", "")),
        state=int(modem.get("State", UNKNOWN)),
        failed_reason=int(modem.get("StateFailedReason", 0)),
        lock=int(modem.get("UnlockRequired", 0)),
        registration=None if registration is None else int(registration),
        control=str(modem.get("PrimaryPort", "")) or None,
        path=path,
        device=str(modem.get("Device", "")),
        offers=frozenset(interfaces),
        bearers=tuple(map(str, modem.get("Bearers", ()))),
    )
