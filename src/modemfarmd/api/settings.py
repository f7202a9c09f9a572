# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API of a host is told (/etc/modemfarm/api.json), beside what the farm is told."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError
from pathlib import Path
from typing import Any

from modemfarm.errors import InvalidValueError, SettingsError
from modemfarm.settings import FarmSettings

DEFAULT_PATH = Path("/etc/modemfarm/api.json")
VERSION = 1
_ORIGIN = re.compile(r"https://[A-Za-z0-9][A-Za-z0-9.-]{0,252}(:[0-9]{1,5})?\Z")


@dataclass(frozen=True)
class ApiSettings:
    """The validated settings; `load` and `from_dict` raise SettingsError.

    clients: who gets an answer at all, beside the host itself. metrics_clients: who of these may
    read /metrics without a token. origins: pages of other hosts that a browser may let in (CORS,
    WebSocket). state: the folder of the signing keys.
    console: serve it, too (extra `console`).
    """

    certificate: Path
    private_key: Path
    port: int = 8443
    clients: tuple[IPv4Network, ...] = ()
    metrics_clients: tuple[IPv4Network, ...] = ()
    origins: tuple[str, ...] = ()
    state: Path = Path("/var/lib/modemfarm-api")
    agent: Path = Path("/run/modemfarm/agent.sock")
    console: bool = False

    @classmethod
    def load(cls, path: Path = DEFAULT_PATH) -> ApiSettings:
        """Read and check the file; SettingsError names the file and the field."""
        try:
            return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise SettingsError(
                f"cannot read {path}: {error.strerror}", "run the role api on this host"
            ) from error
        except ValueError as error:
            raise SettingsError(f"{path} is not JSON: {error}", "run the role api again") from error
        except InvalidValueError as error:
            raise SettingsError(f"{path}: {error.message}", error.remedy) from error

    @classmethod
    def from_dict(cls, data: object) -> ApiSettings:
        """Check a parsed document; InvalidValueError. Unknown fields are typing errors."""
        if not isinstance(data, Mapping):
            raise InvalidValueError("the document", type(data).__name__, "a JSON object")
        if data.get("version") != VERSION:
            raise InvalidValueError("version", data.get("version"), str(VERSION))
        known = {field.name for field in fields(cls)}
        for name in data.keys() - known - {"version"}:
            raise InvalidValueError("field name", name, ", ".join(sorted(known)))
        for name in ("certificate", "private_key"):
            if name not in data:
                raise InvalidValueError(name, None, "a value; the field is required")
        return cls(**{name: _CHECKS[name](name, data[name]) for name in known & data.keys()})

    def admits(self, address: str, farm: FarmSettings) -> bool:
        """True for an address that gets an answer: one of the clients, or of this host."""
        found = IPv4Address(address)
        return found == farm.lan_address or any(found in network for network in self.clients)

    def check_with(self, farm: FarmSettings) -> None:
        """Do they go together with the farm's? InvalidValueError."""
        slots = [farm.slot(number) for number in range(1, farm.slots + 1)]
        taken = {slot.port for slot in slots} | {slot.socks_port for slot in slots}
        if self.port in taken:
            raise InvalidValueError("port", self.port, "a port that is no proxy's")
        inside = (*self.clients, IPv4Network(farm.lan_address))
        for network in self.metrics_clients:
            if not any(network.subnet_of(other) for other in inside):
                allowed = "a part of one of clients, or the address of this host"
                raise InvalidValueError("metrics_clients", str(network), allowed)

    def scrapes(self, address: str) -> bool:
        """True for an address that may read /metrics without a token."""
        try:
            found = IPv4Address(address)
        except AddressValueError:
            return False
        return any(found in network for network in self.metrics_clients)


def _port(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1024 <= value <= 32767:
        raise InvalidValueError(name, value, "an integer from 1024 to 32767")
    return value


def _path(name: str, value: object) -> Path:
    if not isinstance(value, str) or not value.startswith("/") or not value.isprintable():
        raise InvalidValueError(name, value, "an absolute path")
    return Path(value)


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidValueError(name, value, "true or false")
    return value


def _list(name: str, value: object) -> list[object]:
    if not isinstance(value, list):
        raise InvalidValueError(name, value, "a list")
    return value


def _networks(name: str, value: object) -> tuple[IPv4Network, ...]:
    found = []
    for item in _list(name, value):
        try:
            found.append(IPv4Network(item if isinstance(item, str) else ""))
        except (AddressValueError, NetmaskValueError, ValueError) as error:
            allowed = "IPv4 networks such as 192.168.1.0/24"
            raise InvalidValueError(name, item, allowed) from error
    return tuple(found)


def _origins(name: str, value: object) -> tuple[str, ...]:
    found = []
    for item in _list(name, value):
        if not isinstance(item, str) or not _ORIGIN.match(item):
            raise InvalidValueError(name, item, "origins such as https://farm.example:8443")
        found.append(item)
    return tuple(found)


_CHECKS: dict[str, Any] = {
    "certificate": _path,
    "private_key": _path,
    "port": _port,
    "clients": _networks,
    "metrics_clients": _networks,
    "origins": _origins,
    "state": _path,
    "agent": _path,
    "console": _flag,
}
