# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of one host as a document: which modem has which slot, port and APN.

What the inventory decides (farm) is written for the reader and compared, never imported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from modemfarm.errors import InvalidValueError
from modemfarm.identity import check_apn, check_serial
from modemfarm.settings import MAX_SLOTS, FarmSettings

VERSION = 1
# The constant of a field that a document leaves out: what the registry has stays.
UNSAID = object()
_T = TypeVar("_T")


@dataclass(frozen=True)
class Entry:
    """One modem. apn None is the farm's own, UNSAID leaves it; port is that of the slot."""

    serial: str
    slot: int
    port: int | None
    apn: object = UNSAID


@dataclass(frozen=True)
class Document:
    """What was exported. `farm`: apn, port_base and slots of the host, as far as they are said."""

    host: str
    modems: tuple[Entry, ...]
    farm: Mapping[str, Any]


def document_of(rows: Sequence[Mapping[str, Any]], settings: FarmSettings) -> dict[str, Any]:
    """The document of these rows (serial, slot, proxy_port, apn), as plain values."""
    return {
        "version": VERSION,
        "host": settings.host,
        "farm": farm_of(settings),
        "modems": [
            {"serial": r["serial"], "slot": r["slot"], "port": r["proxy_port"], "apn": r["apn"]}
            for r in sorted(rows, key=lambda row: int(row["slot"]))
        ],
    }


def farm_of(settings: FarmSettings) -> dict[str, Any]:
    """What the host's inventory decides and slots, ports and APNs depend on."""
    return {"apn": settings.apn, "port_base": settings.port_base, "slots": settings.slots}


def parse(data: object) -> Document:
    """Check a document; InvalidValueError names field, value and what is allowed."""
    fields = _mapping("the document", data, ("version", "host", "farm", "modems"))
    version = fields.get("version")
    if type(version) is not int or version != VERSION:
        raise InvalidValueError("version", version, str(VERSION))
    host = fields.get("host")
    if not isinstance(host, str) or not host or not host.isprintable():
        raise InvalidValueError("host", host, "the name of a modem host")
    entries = fields.get("modems")
    if not isinstance(entries, list):
        raise InvalidValueError("modems", entries, "a list of modems")
    modems = tuple(_entry(f"modems[{number}]", value) for number, value in enumerate(entries))
    _once("serial", [entry.serial for entry in modems])
    _once("slot", [entry.slot for entry in modems])
    return Document(host, modems, _farm(fields.get("farm", {})))


def _entry(name: str, value: object) -> Entry:
    fields = _mapping(name, value, ("serial", "slot", "port", "apn"))
    serial = fields.get("serial")
    if type(serial) is int:
        raise InvalidValueError(f"{name}.serial", serial, "an IMEI in quotes, exactly 15 digits")
    check_serial(serial, f"{name}.serial")
    apn = fields.get("apn", UNSAID)
    if apn is not None and apn is not UNSAID:
        check_apn(apn, f"{name}.apn")
    port = fields.get("port")
    return Entry(
        str(serial),
        _integer(f"{name}.slot", fields.get("slot"), 1, MAX_SLOTS),
        None if port is None else _integer(f"{name}.port", port, 1024, 65535),
        apn,
    )


def _farm(value: object) -> dict[str, Any]:
    checks: dict[str, Callable[[str, object], object]] = {
        "apn": lambda name, said: check_apn(said, name),
        "port_base": lambda name, said: _integer(name, said, 1023, 65534),
        "slots": lambda name, said: _integer(name, said, 1, MAX_SLOTS),
    }
    fields = _mapping("farm", value, tuple(checks))
    return {name: checks[name](f"farm.{name}", said) for name, said in fields.items()}


def _mapping(name: str, value: object, known: tuple[str, ...]) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise InvalidValueError(name, value, f"a mapping with {', '.join(known)}")
    for field in value:
        if field not in known:
            raise InvalidValueError(f"a field of {name}", field, ", ".join(known))
    return value


def _integer(name: str, value: object, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise InvalidValueError(name, value, f"an integer from {low} to {high}")
    return value


def _once(field: str, values: Sequence[_T]) -> None:
    seen: set[_T] = set()
    for number, value in enumerate(values):
        if value in seen:
            raise InvalidValueError(
                f"modems[{number}].{field}", value, f"a {field} that no modem before it has"
            )
        seen.add(value)
