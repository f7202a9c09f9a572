# SPDX-License-Identifier: GPL-3.0-or-later
"""What a modem host is told about its farm (/etc/modemfarm/farm.json) and what follows per slot."""

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .checks import address, flag, integer, items, network
from .errors import InvalidValueError, SettingsError
from .identity import check_apn, check_interface
from .proxy import policy as policies

DEFAULT_PATH = Path("/etc/modemfarm/farm.json")
PROXY_DIR = Path("/etc/modemfarm/proxy")
VERSION = 1
ENGINES = ("threeproxy", "v2ray")
MAX_SLOTS = 120  # vhci and real hubs end there; the rule preferences 2001..2998 have room for it
# systemd gives 61184..65519 to DynamicUser units (systemd.exec(5)); Debian's people end at 59999.
UID_RANGE = (60000, 61183)
FAIL_CLOSED_PREFERENCE = 2999
LAN_REPLY_PREFERENCE = 1000
# With the slot's number added: the mark by which the guard asks whether the slot has a way out, and
# the preference of the rule that answers (role routing, vars/main.yml).
SLOT_MARK = 0x4D460000
SLOT_MARK_PREFERENCE = 500
MAX_LISTEN = 16  # each costs the guard four rules that LAN packets pass
LONGEST_KEPT_DAYS = 3650  # each day of the log is a table of its own: thousands are slow to plan
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,62}\Z")


@dataclass(frozen=True)
class SlotPlan:
    """Everything that belongs to one slot. socks_port is None where one port serves it all."""

    slot: int
    port: int
    socks_port: int | None
    uid: int
    user: str
    table: int
    preference: int
    unit: str
    config_path: Path


@dataclass(frozen=True)
class FarmSettings:
    """The validated settings of one host; `load` and `from_dict` raise SettingsError.

    policy: the document of proxy.policy that all modems start from. listen_addresses: further
    addresses of this host in its LANs that a policy may have a proxy listen on.
    """

    host: str
    engine: str
    lan_address: IPv4Address
    lan_interface: str
    clients: tuple[IPv4Network, ...]
    nameservers: tuple[IPv4Address, ...]
    apn: str
    probe_url: str
    second_probe_url: str | None = None
    listen_addresses: tuple[IPv4Address, ...] = ()
    slots: int = 32
    port_base: int = 3127
    socks_port_base: int = 4127
    uid_base: int = 61000
    table_base: int = 1000
    rule_base: int = 2000
    max_connections: int = 500
    database: str = "dbname=modemfarm"
    keep_logs_days: int = 30
    keep_samples_days: int = 30
    keep_events_days: int = 365
    hub_power: bool = False
    quota_time_zone: str | None = None  # where a day of a quota begins; None: the host's
    policy: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path = DEFAULT_PATH) -> "FarmSettings":
        """Read and check the file; SettingsError names the file and the field."""
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise SettingsError(
                f"cannot read {path}: {error.strerror}", "run the role farm on this host"
            ) from error
        except ValueError as error:
            raise SettingsError(
                f"{path} is not JSON: {error}", "run the role farm again"
            ) from error
        try:
            return cls.from_dict(data)
        except SettingsError as error:
            raise SettingsError(f"{path}: {error.message}", error.remedy) from error

    @classmethod
    def from_dict(cls, data: object) -> "FarmSettings":
        """Check a parsed document. Unknown fields are refused: they are typing errors."""
        try:
            return _from_dict(data)
        except InvalidValueError as error:
            raise SettingsError(error.message, error.remedy) from error

    def slot(self, number: int) -> SlotPlan:
        """The plan of slot `number` (1..slots); InvalidValueError outside of it."""
        integer("slot", number, 1, self.slots)
        two_ports = self.engine == "v2ray"
        return SlotPlan(
            slot=number,
            port=self.port_base + number,
            socks_port=self.socks_port_base + number if two_ports else None,
            uid=self.uid_base + number,
            user=f"farm-px-{number}",
            table=self.table_base + number,
            preference=self.rule_base + number,
            unit=f"{'v2ray-proxy' if two_ports else '3proxy'}@{number}.service",
            config_path=PROXY_DIR / f"{number}.{'json' if two_ports else 'cfg'}",
        )

    @property
    def listen_choices(self) -> tuple[IPv4Address, ...]:
        """Where a proxy may listen; the first is where it does unless its policy says otherwise."""
        return (self.lan_address, *self.listen_addresses)

    @property
    def uid_range(self) -> tuple[int, int]:
        """First and last uid of the farm, both inclusive."""
        return self.uid_base + 1, self.uid_base + self.slots


_REQUIRED = "host engine lan_address lan_interface clients nameservers apn probe_url".split()


def _from_dict(data: object) -> FarmSettings:
    if not isinstance(data, Mapping):
        raise InvalidValueError("the document", type(data).__name__, "a JSON object")
    if data.get("version") != VERSION:
        raise InvalidValueError("version", data.get("version"), str(VERSION))
    known = {item.name for item in dataclasses.fields(FarmSettings)} | {"version"}
    for name in data:
        if name not in known:
            raise InvalidValueError("field name", name, ", ".join(sorted(known)))
    for name in _REQUIRED:
        if name not in data:
            raise InvalidValueError(name, None, "a value; the field is required")
    values: dict[str, Any] = {
        name: _CHECKS[name](name, value) for name, value in data.items() if name != "version"
    }
    settings = FarmSettings(**values)
    _check_ranges(settings)
    _check_targets(settings)
    _check_listening(settings)
    policies.complete(settings)
    return settings


def _check_listening(settings: FarmSettings) -> None:
    choices = settings.listen_choices
    for item in settings.listen_addresses:
        if choices.count(item) > 1:
            raise InvalidValueError(
                "listen_addresses", str(item),
                f"addresses beside lan_address ({settings.lan_address}), each once",
            )  # fmt: skip


def _check_targets(settings: FarmSettings) -> None:
    """Two targets on one host fail together, so the second one would prove nothing."""
    second = settings.second_probe_url
    first = urlsplit(settings.probe_url).hostname
    if second is not None and urlsplit(second).hostname == first:
        raise InvalidValueError(
            "second_probe_url", second, f"a URL on another host than probe_url ({first})"
        )


def _check_ranges(settings: FarmSettings) -> None:
    slots = settings.slots
    integer("port_base", settings.port_base, 1023, 65535 - slots)
    integer("uid_base", settings.uid_base, UID_RANGE[0] - 1, UID_RANGE[1] - slots)
    integer("table_base", settings.table_base, 255, 2**31 - 1 - slots)
    integer(
        "rule_base", settings.rule_base, LAN_REPLY_PREFERENCE, FAIL_CLOSED_PREFERENCE - 1 - slots
    )
    if settings.engine == "v2ray":
        integer("socks_port_base", settings.socks_port_base, 1023, 65535 - slots)
        if abs(settings.socks_port_base - settings.port_base) < slots:
            raise InvalidValueError(
                "socks_port_base",
                settings.socks_port_base,
                f"at least {slots} away from port_base {settings.port_base}: the ranges overlap",
            )


def _engine(name: str, value: object) -> str:
    if value not in ENGINES:
        raise InvalidValueError(name, value, " or ".join(ENGINES))
    return str(value)


def _host(name: str, value: object) -> str:
    if not isinstance(value, str) or not _HOST.match(value):
        raise InvalidValueError(name, value, "a host name")
    return value


def _database(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.isprintable() or not value:
        raise InvalidValueError(name, value, "a libpq connection string such as dbname=modemfarm")
    return value


def _probe_url(name: str, value: object) -> str:
    allowed = "an http:// URL with a host, without user, query or spaces"
    text = value if isinstance(value, str) and value.isascii() and value.isprintable() else ""
    parts = urlsplit(text)
    if parts.scheme != "http" or not parts.hostname or "@" in parts.netloc or " " in text:
        raise InvalidValueError(name, value, allowed)
    if parts.query or parts.fragment or not _HOST.match(parts.hostname):
        raise InvalidValueError(name, value, allowed)
    return text


def _addresses(name: str, value: object) -> tuple[IPv4Address, ...]:
    return tuple(address(name, item) for item in items(name, value))


def _listen_addresses(name: str, value: object) -> tuple[IPv4Address, ...]:
    allowed = f"a list of at most {MAX_LISTEN} unicast IPv4 addresses of this host"
    if not isinstance(value, list) or len(value) > MAX_LISTEN:
        raise InvalidValueError(name, value, allowed)
    found = tuple(address(name, item) for item in value)
    for item in found:
        if item.is_unspecified or item.is_multicast or item.is_reserved:
            raise InvalidValueError(name, str(item), allowed)
    return found


def _networks(name: str, value: object) -> tuple[IPv4Network, ...]:
    return tuple(network(name, item) for item in items(name, value))


def _slots(name: str, value: object) -> int:
    return integer(name, value, 1, MAX_SLOTS)


def _days(name: str, value: object) -> int:
    return integer(name, value, 1, LONGEST_KEPT_DAYS)


def _event_days(name: str, value: object) -> int:
    # What was done to modems and by whom: not gone before anybody has asked.
    return integer(name, value, 30, LONGEST_KEPT_DAYS)


def _time_zone(name: str, value: object) -> str:
    try:
        return ZoneInfo(value if isinstance(value, str) else "").key
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        allowed = "a time zone that this host knows, such as Europe/Berlin or UTC"
        raise InvalidValueError(name, value, allowed) from error


def _any_integer(name: str, value: object) -> int:
    return integer(name, value, 0, 2**31 - 1)  # the real limits depend on slots: _check_ranges


_CHECKS = {
    "host": _host,
    "engine": _engine,
    "lan_address": address,
    "listen_addresses": _listen_addresses,
    "lan_interface": lambda name, value: check_interface(value, name),
    "clients": _networks,
    "nameservers": _addresses,
    "apn": lambda name, value: check_apn(value, name),
    "probe_url": _probe_url,
    "second_probe_url": _probe_url,
    "slots": _slots,
    "port_base": _any_integer,
    "socks_port_base": _any_integer,
    "uid_base": _any_integer,
    "table_base": _any_integer,
    "rule_base": _any_integer,
    "max_connections": lambda name, value: integer(name, value, 1, 100_000),
    "database": _database,
    "hub_power": flag,
    "quota_time_zone": _time_zone,
    "policy": lambda name, value: policies.checked(value, name),
    "keep_logs_days": _days,
    "keep_samples_days": _days,
    "keep_events_days": _event_days,
}
