# SPDX-License-Identifier: GPL-3.0-or-later
"""ModemManager, NetworkManager and systemd of a host whose modems are all registered.

They keep state and take the time a bearer or a job takes, and nothing else.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modemfarm.apply.profile import profile_id
from modemfarm.dbus import wire

from ...modem.identity import default_imei

MM, NM = "org.freedesktop.ModemManager1", "org.freedesktop.NetworkManager"
SYSTEMD = "org.freedesktop.systemd1"
OBJECTS = "a{oa{sa{sv}}}"
BEARER_S = 0.5  # from ActivateConnection to active, as measured in the lab host
JOB_S = 0.02  # a reload of a proxy
DISCONNECTED, PREPARE, ACTIVATED = 30, 40, 100
ACTIVATING, ACTIVE = 1, 2

Answer = tuple[str, tuple[Any, ...]]
Signal = Callable[[dict[int, Any], str, tuple[Any, ...]], None]


class RefusedError(Exception):
    """The service answers with an error."""


@dataclass
class Modem:
    """One modem as the services see it."""

    number: int
    state: int = DISCONNECTED
    profile: str | None = None
    active: int = 0

    @property
    def key(self) -> str:
        return f"cdc_wdm{self.number - 1}"


class Services:
    """The objects of COUNT modems; `connected` is told when a bearer of a modem comes up."""

    def __init__(self, count: int, connected: Callable[[int], None]) -> None:
        self.modems = {number: Modem(number) for number in range(1, count + 1)}
        self.listeners: set[Signal] = set()
        self._connected = connected
        self._units: dict[str, dict[str, Any]] = {}
        self._profiles: dict[str, str] = {}  # uuid -> path of the keyfile
        self._jobs = 0
        self._lock = threading.RLock()

    def answer(self, message: wire.Message) -> Answer:
        """The answer of whichever service is called. Raises RefusedError."""
        member = message.get(wire.MEMBER)
        method = getattr(self, f"_{member}", None)
        if method is None:
            raise RefusedError(f"no {member}")
        with self._lock:
            found: Answer = method(message, *message.values())
            return found

    def _tell(self, interface: str, member: str, path: str, signature: str, *values: Any) -> None:
        fields = {wire.PATH: path, wire.INTERFACE: interface, wire.MEMBER: member}
        for listener in list(self.listeners):
            listener(fields, signature, values)

    def _GetManagedObjects(self, message: wire.Message) -> Answer:  # noqa: N802
        modems = message.get(wire.DESTINATION) == MM
        return OBJECTS, (self._mm_objects() if modems else self._nm_objects(),)

    def _mm_objects(self) -> dict[str, Any]:
        return {f"{_path(MM)}/Modem/{n}": _mm_modem(n) for n in self.modems}

    def _nm_objects(self) -> dict[str, Any]:
        objects: dict[str, Any] = {}
        for modem in self.modems.values():
            active = f"/Active/{modem.key}" if modem.profile else "/"
            up = modem.state == ACTIVATED
            objects[f"/Device/{modem.key}"] = {
                f"{NM}.Device": {
                    "Interface": ("s", modem.key.replace("_", "-")),
                    "State": ("u", modem.state),
                    "ActiveConnection": ("o", active),
                    "IpInterface": ("s", f"wwan{modem.number - 1}" if up else ""),
                }
            }
            if modem.profile:
                objects[active] = {
                    f"{NM}.Connection.Active": {
                        "Id": ("s", modem.profile),
                        "State": ("u", modem.active),
                    }
                }
        for uuid, path in self._profiles.items():
            objects[_settings(uuid)] = {f"{NM}.Settings.Connection": {"Filename": ("s", path)}}
        return objects

    def _LoadConnections(self, _: wire.Message, files: list[str]) -> Answer:  # noqa: N802
        for name in files:
            found = re.search(r"^uuid=(\S+)$", Path(name).read_text(), re.MULTILINE)
            if found is not None:
                self._profiles[found[1]] = name
        return "bas", (True, [])

    def _GetConnectionByUuid(self, _: wire.Message, uuid: str) -> Answer:  # noqa: N802
        if uuid not in self._profiles:
            raise RefusedError("unknown connection")
        return "o", (_settings(uuid),)

    def _ActivateConnection(  # noqa: N802
        self, _: wire.Message, __: str, device: str, ___: str
    ) -> Answer:
        number = int(device.rpartition("wdm")[2]) + 1
        modem = self.modems[number]
        modem.state, modem.active = PREPARE, ACTIVATING
        modem.profile = profile_id(default_imei(number))
        threading.Timer(BEARER_S, self._bring_up, (modem, device)).start()
        return "o", (f"/Active/{modem.key}",)

    def _bring_up(self, modem: Modem, device: str) -> None:
        self._connected(modem.number)
        with self._lock:
            modem.state, modem.active = ACTIVATED, ACTIVE
        self._tell(f"{NM}.Device", "StateChanged", device, "uuu", ACTIVATED, PREPARE, 0)

    def _Subscribe(self, _: wire.Message) -> Answer:  # noqa: N802
        return "", ()

    def _ListUnitsByNames(self, _: wire.Message, names: list[str]) -> Answer:  # noqa: N802
        rows = []
        for name in names:
            state = self._units.get(name, {}).get("active", "inactive")
            rows.append((name, "", "loaded", state, "", "", _unit(name), 0, "", "/"))
        return "a(ssssssouso)", (rows,)

    def _GetUnitFileState(self, _: wire.Message, name: str) -> Answer:  # noqa: N802
        return "s", ("enabled" if self._units.get(name, {}).get("enabled") else "disabled",)

    def _Get(self, message: wire.Message, *_: str) -> Answer:  # noqa: N802
        path = message.get(wire.PATH)
        changed = [u["changed"] for name, u in self._units.items() if _unit(name) == path]
        return "v", (("t", int(changed[0] * 1e6) if changed else 0),)

    def _EnableUnitFiles(self, _: wire.Message, names: list[str], *__: bool) -> Answer:  # noqa: N802
        for name in names:
            self._units.setdefault(name, {"changed": 0.0})["enabled"] = True
        return "ba(sss)", (True, [])

    def _ResetFailedUnit(self, _: wire.Message, __: str) -> Answer:  # noqa: N802
        return "", ()

    def _job(self, _: wire.Message, name: str, *__: Any) -> Answer:
        self._jobs += 1
        number, path = self._jobs, f"/job/{self._jobs}"

        def end() -> None:
            with self._lock:
                unit = self._units.setdefault(name, {})
                unit |= {"active": "active", "changed": time.time()}
            manager = f"{SYSTEMD}.Manager"
            self._tell(manager, "JobRemoved", _path(SYSTEMD), "uoss", number, path, name, "done")

        threading.Timer(JOB_S, end).start()
        return "o", (path,)

    _StartUnit = _ReloadUnit = _RestartUnit = _StopUnit = _StartTransientUnit = _job


def _mm_modem(number: int) -> dict[str, Any]:
    control, net = f"cdc-wdm{number - 1}", f"wwan{number - 1}"
    return {
        # What a real object carries besides, for the size of the answer.
        f"{MM}.Modem.Messaging": {"SupportedStorages": ("au", [1, 2]), "DefaultStorage": ("u", 2)},
        f"{MM}.Modem.Location": {"Capabilities": ("u", 5), "SignalsLocation": ("b", False)},
        f"{MM}.Modem.Signal": {"Lte": ("a{sv}", dict.fromkeys(("rsrp", "rsrq"), ("d", -90.5)))},
        f"{MM}.Modem": {
            "Device": ("s", f"/sys/devices/usb1/1-{number}"),
            "EquipmentIdentifier": ("s", default_imei(number)),
            "DeviceIdentifier": ("s", f"{number:040x}"),
            "State": ("i", 11),
            "PrimaryPort": ("s", control),
            "Ports": ("a(su)", [(control, 6), (net, 2)]),
            "Manufacturer": ("s", "QUALCOMM INCORPORATED"),
            "Drivers": ("as", ["option", "qmi_wwan"]),
        },
        f"{MM}.Modem.Modem3gpp": {"RegistrationState": ("u", 1), "OperatorName": ("s", "Lab")},
    }


def _path(name: str) -> str:
    return "/" + name.replace(".", "/")


def _settings(uuid: str) -> str:
    return f"/Settings/{uuid.replace('-', '_')}"


def _unit(name: str) -> str:
    return "/unit/" + re.sub(r"[^0-9A-Za-z]", "_", name)
