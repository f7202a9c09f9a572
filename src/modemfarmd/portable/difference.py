# SPDX-License-Identifier: GPL-3.0-or-later
"""compute(registry, document) → what an import changes, or why it may not. Reads nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modemfarm.errors import InvalidValueError
from modemfarm.settings import FarmSettings

from .document import UNSAID, Document, Entry, farm_of


@dataclass(frozen=True)
class Registered:
    """A modem's row, as far as an import cares."""

    serial: str
    host: str
    slot: int
    apn: str | None
    present: bool


@dataclass(frozen=True)
class Change:
    """One field of a registered modem; field is slot or apn."""

    serial: str
    field: str
    before: object
    after: object


@dataclass(frozen=True)
class Import:
    """add: modems to be reserved a slot. kept: modems of this host that the document does not name.

    remarks: what differs and is not imported.
    """

    add: tuple[Entry, ...]
    change: tuple[Change, ...]
    same: tuple[str, ...]
    kept: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def changes(self) -> bool:
        """True when there is anything to do."""
        return bool(self.add or self.change)


def compute(
    document: Document,
    rows: Sequence[Registered],
    settings: FarmSettings,
    other_host: bool = False,
) -> Import:
    """What the import does. `rows`: all modems of this host, and those of the document elsewhere.

    InvalidValueError where the document does not fit this host; then nothing may be done.
    """
    if document.host != settings.host and not other_host:
        raise InvalidValueError(
            "host", document.host, f"{settings.host}, or --other-host to take over another's"
        )
    by_serial = {row.serial: row for row in rows}
    for number, entry in enumerate(document.modems):
        _fits(f"modems[{number}]", entry, by_serial.get(entry.serial), settings)
    named = {entry.serial for entry in document.modems}
    kept = [row for row in rows if row.host == settings.host and row.serial not in named]
    taken = {row.slot: row.serial for row in kept}
    for number, entry in enumerate(document.modems):
        if entry.slot in taken:
            raise InvalidValueError(
                f"modems[{number}].slot",
                entry.slot,
                f"a slot that is free here: {taken[entry.slot]}, which the file does not name, has"
                f" it (`modemfarm forget {taken[entry.slot]}`)",
            )
    changes = [change for entry in document.modems for change in _changes(entry, by_serial)]
    changed = {change.serial for change in changes}
    return Import(
        add=tuple(entry for entry in document.modems if entry.serial not in by_serial),
        change=tuple(changes),
        same=tuple(sorted((named & by_serial.keys()) - changed)),
        kept=tuple(sorted(row.serial for row in kept)),
        remarks=tuple(_remarks(document.farm, settings)),
    )


def _fits(name: str, entry: Entry, row: Registered | None, settings: FarmSettings) -> None:
    if entry.slot > settings.slots:
        raise InvalidValueError(
            f"{name}.slot", entry.slot, f"1 to {settings.slots}, or raise farm_slots on this host"
        )
    port = settings.slot(entry.slot).port
    if entry.port not in (None, port):
        raise InvalidValueError(
            f"{name}.port", entry.port,
            f"{port}, that of slot {entry.slot} with port_base {settings.port_base} of this host",
        )  # fmt: skip
    if row is None:
        return
    if row.host != settings.host:
        raise InvalidValueError(
            f"{name}.serial", entry.serial,
            f"no modem of another host: {row.host} has it (forget it there first)",
        )  # fmt: skip
    if row.present and row.slot != entry.slot:
        raise InvalidValueError(
            f"{name}.slot", entry.slot,
            f"{row.slot} while the modem is plugged in: its port serves (unplug it first)",
        )  # fmt: skip


def _changes(entry: Entry, by_serial: Mapping[str, Registered]) -> list[Change]:
    row = by_serial.get(entry.serial)
    if row is None:
        return []
    found = []
    if row.slot != entry.slot:
        found.append(Change(entry.serial, "slot", row.slot, entry.slot))
    if entry.apn is not UNSAID and row.apn != entry.apn:
        found.append(Change(entry.serial, "apn", row.apn, entry.apn))
    return found


def _remarks(farm: Mapping[str, object], settings: FarmSettings) -> list[str]:
    here = farm_of(settings)
    return [
        f"farm.{name} is {said} there and {here[name]} here; the inventory decides it"
        for name, said in farm.items()
        if said != here[name]
    ]
