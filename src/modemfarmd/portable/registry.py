# SPDX-License-Identifier: GPL-3.0-or-later
"""An import into the registry: looked at, decided and written in one transaction, or not at all."""

from __future__ import annotations

from dataclasses import asdict

from modemfarm.settings import FarmSettings

from ..registry.model import Event
from ..registry.modems import Registry
from .difference import Import, Registered, compute
from .document import UNSAID, Document

# While slots are exchanged: beyond each that a host may have, within what a row may have (1..999).
AWAY = 500


def run_import(
    registry: Registry,
    document: Document,
    settings: FarmSettings,
    by: str,
    *,
    other_host: bool = False,
    dry_run: bool = False,
) -> Import:
    """What the import did, or with dry_run would do. InvalidValueError, DatabaseGoneError.

    Nobody else writes modems meanwhile. The agents hear of each row by its trigger.
    """
    database, host = registry.database, settings.host
    with database.transaction():
        if not dry_run:
            database.rows("lock_modems")
        serials = [entry.serial for entry in document.modems]
        rows = database.rows("list_placements", {"host": host, "serials": serials})
        found = compute(document, [Registered(**row) for row in rows], settings, other_host)
        if found.changes and not dry_run:
            _write(registry, found, settings, by)
    return found


def _write(registry: Registry, found: Import, settings: FarmSettings, by: str) -> None:
    database, host = registry.database, settings.host
    slots = {change.serial: change.after for change in found.change if change.field == "slot"}
    database.rows("move_away", {"host": host, "serials": list(slots), "away": AWAY})
    place = [
        {"host": host, "serial": serial, "slot": slot, "port_base": settings.port_base}
        for serial, slot in slots.items()
    ]
    database.run_many("move_modem", place)
    apns = [
        {"host": host, "serial": change.serial, "apn": change.after}
        for change in found.change
        if change.field == "apn"
    ]
    database.run_many("set_apn", apns)
    new = [
        {
            "host": host,
            "serial": entry.serial,
            "slot": entry.slot,
            "port_base": settings.port_base,
            "apn": None if entry.apn is UNSAID else entry.apn,
        }
        for entry in found.add
    ]
    database.run_many("reserve_modem", new)
    detail = {
        "by": by,
        "added": [{"serial": entry.serial, "slot": entry.slot} for entry in found.add],
        "changed": [asdict(change) for change in found.change],
    }
    registry.add_events([Event("config-imported", None, detail)])
