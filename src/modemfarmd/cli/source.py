# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the CLI's rows come from: the database, or the snapshot file when it is gone."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modemfarm.settings import FarmSettings
from modemfarm.snapshot import read_snapshot

if TYPE_CHECKING:
    from ..registry.modems import Registry

USER = "modemfarm"
# What a row has in both sources; the snapshot knows only some of them.
COLUMNS = (
    "serial", "slot", "proxy_port", "status", "state", "reason", "remedy", "operator", "signal",
    "registration", "wan_address", "interface", "usb_path", "present", "iccid", "imsi", "apn",
    "path", "at_port", "qmi_port", "manufacturer", "model", "revision", "first_seen", "last_seen",
    "changed_at", "host",
)  # fmt: skip


@contextmanager
def open_registry(settings: FarmSettings) -> Iterator[Registry]:
    """The registry; DatabaseGoneError on use when it is away.

    PostgreSQL lets in the system user `modemfarm` only (peer), so root becomes it meanwhile.
    """
    from ..registry.db import Database
    from ..registry.modems import Host, Registry

    database = Database(settings.database, "modemfarm-cli")
    host = Host(settings.host, settings.slots, settings.port_base)
    with _as_farm_user():
        try:
            yield Registry(database, host)
        finally:
            database.close()


@contextmanager
def _as_farm_user() -> Iterator[None]:
    try:
        uid = pwd.getpwnam(USER).pw_uid if os.geteuid() == 0 else None
    except KeyError:
        uid = None
    if uid is None:
        yield
        return
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)


def modem_rows(settings: FarmSettings, snapshot: Path) -> list[dict[str, Any]]:
    """One row per modem, by slot, with all COLUMNS. SnapshotError when both sources are gone."""
    from ..errors import DatabaseGoneError

    try:
        with open_registry(settings) as registry:
            return [_ordered(row) for row in registry.modems()]
    except DatabaseGoneError as error:
        sys.stderr.write(f"the database is gone ({error.message}); showing {snapshot}\n")
    return [
        _ordered(
            {
                "serial": record.serial,
                "slot": record.slot,
                "proxy_port": settings.port_base + record.slot,
                "state": "unknown" if record.present else "offline",
                "status": None if record.present else "offline",
                "usb_path": record.usb_path,
                "present": record.present,
                "iccid": record.iccid,
                "apn": record.apn,
                "host": settings.host,
            }
        )
        for record in read_snapshot(snapshot).modems
    ]


def _ordered(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row.get(name) for name in COLUMNS}
