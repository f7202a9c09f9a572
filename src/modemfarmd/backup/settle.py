# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restored registry must not say, before it is one: modems plugged in, people logged in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg2

from modemfarm.caller import new_correlation
from modemfarm.settings import FarmSettings

from ..registry.audit import AuditBook, Entry
from ..registry.db import Database
from ..registry.model import Event
from ..registry.modems import Host, Registry
from .errors import refused
from .manifest import Manifest


@dataclass(frozen=True)
class Facts:
    """What two registries are compared by. modems: by serial; users: by name."""

    modems: dict[str, dict[str, Any]]
    users: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Settled:
    """The registry as it will be, sessions that were ended, names of tokens that were revoked."""

    facts: Facts
    sessions: int
    tokens: tuple[str, ...]


def settle(
    dsn: str, manifest: Manifest, farm: FarmSettings, actor: str, keep_tokens: bool
) -> Settled:
    """Do it, all or nothing, and say so in events and audit. BackupRefusedError where the modems
    have no room on this host.
    """
    database = Database(dsn, "modemfarm-restore")
    try:
        with database.transaction():
            if manifest.host != farm.host:
                values = {"host": farm.host, "old": manifest.host, "port_base": farm.port_base}
                database.rows("restored_host", values)
            for row in database.rows("restored_modems", {"host": farm.host}):
                if row["slot"] > farm.slots:
                    raise refused(
                        f"modem {row['serial']} has slot {row['slot']}, this host has {farm.slots}",
                        "raise farm_slots on this host and run site.yml",
                    )
            database.rows("restored_spans", {"hosts": [farm.host, manifest.host]})
            sessions = len(database.rows("restored_sessions"))
            tokens = () if keep_tokens else _revoke(database)
            detail = {"by": actor, "host": manifest.host, "made_at": manifest.made_at}
            registry = Registry(database, Host(farm.host, farm.slots, farm.port_base))
            registry.add_events([Event("backup-restored", None, detail)])
            AuditBook(database).add(
                Entry(actor, None, "restore", "done", new_correlation(), detail=detail)
            )
            return Settled(facts(database), sessions, tokens)
    except psycopg2.IntegrityError as error:
        said = str(error).partition("\n")[0]
        raise refused(f"its modems do not fit beside those of {farm.host} in it: {said}") from error
    finally:
        database.close()


def facts(database: Database) -> Facts:
    """Of a registry with our schema."""
    modems = {row.pop("serial"): row for row in database.rows("list_assignments")}
    users = {
        row["name"]: {name: row[name] for name in ("role", "modems", "enabled")}
        for row in database.rows("list_users")
    }
    return Facts(modems, users)


def _revoke(database: Database) -> tuple[str, ...]:
    return tuple(sorted(str(row["name"]) for row in database.rows("restored_tokens")))
