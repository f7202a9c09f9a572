# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the CLI's rows come from: the database, or the snapshot file when it is gone."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modemfarm.caller import user_name
from modemfarm.errors import SnapshotError
from modemfarm.settings import FarmSettings
from modemfarm.snapshot import ModemRecord, read_snapshot

from ..acting import acting_as as acting_as

if TYPE_CHECKING:
    from ..registry.modems import Registry

USER = "modemfarm"
# What a server that lives says to somebody whom it does not let in; libpq's words for a socket
# that may not be opened are the last.
_NO_RIGHT = re.compile(
    r"authentication failed|no pg_hba\.conf entry|role \".*\" does not exist|[Pp]ermission denied"
)
# What a row has in both sources; the snapshot knows only some of them.
COLUMNS = (
    "serial", "slot", "proxy_port", "status", "state", "reason", "remedy", "operator", "signal",
    "registration", "wan_address", "interface", "usb_path", "present", "hold", "iccid", "imsi",
    "apn", "policy", "quota",
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
    with acting_as(USER):
        try:
            yield Registry(database, host)
        finally:
            database.close()


def modem_rows(settings: FarmSettings, snapshot: Path) -> list[dict[str, Any]]:
    """One row per modem, by slot, with all COLUMNS. SnapshotError when both sources are gone.

    Holds come from the snapshot in any case: what is there is what everybody honours.
    """
    from ..errors import DatabaseGoneError

    try:
        with open_registry(settings) as registry:
            rows = [_ordered(row) for row in registry.modems()]
    except DatabaseGoneError as error:
        sys.stderr.write(f"{why_not(error.message)}; showing {snapshot}\n")
        return [_row(record, settings) for record in read_snapshot(snapshot).modems]
    held = _holds(snapshot)
    return [row | {"hold": held.get(row["serial"])} for row in rows]


def why_not(said: str) -> str:
    """In words: the database is away, or it is there and this user may not read it."""
    if os.geteuid() != 0 and _NO_RIGHT.search(said):
        me = user_name(os.geteuid())
        return f"{me} has no right to read the database (use sudo: it is root's and {USER}'s)"
    return f"the database is gone ({said})"


def _holds(snapshot: Path) -> dict[str, dict[str, str]]:
    try:
        records = read_snapshot(snapshot).modems
    except SnapshotError as error:
        sys.stderr.write(f"holds are not shown: {error}\n")
        return {}
    return {record.serial: hold for record in records if (hold := _active(record)) is not None}


def _active(record: ModemRecord) -> dict[str, str] | None:
    hold = record.hold
    return hold.as_dict() if hold is not None and hold.active(datetime.now(UTC)) else None


def _row(record: ModemRecord, settings: FarmSettings) -> dict[str, Any]:
    return _ordered(
        {
            "serial": record.serial,
            "slot": record.slot,
            "proxy_port": settings.port_base + record.slot,
            "state": "unknown" if record.present else "offline",
            "status": None if record.present else "offline",
            "usb_path": record.usb_path,
            "present": record.present,
            "hold": _active(record),
            "iccid": record.iccid,
            "apn": record.apn,
            "policy": record.policy,
            "quota": record.quota,
            "host": settings.host,
        }
    )


def _ordered(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row.get(name) for name in COLUMNS}
