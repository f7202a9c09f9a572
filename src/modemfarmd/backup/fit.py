# SPDX-License-Identifier: GPL-3.0-or-later
"""Does a backup fit this host, and are its documents whole? Reads nothing that lives."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from modemfarm.errors import FarmError
from modemfarm.pin.secret import Pin
from modemfarm.proxy.users import parse_users
from modemfarm.settings import FarmSettings
from modemfarm.snapshot import Snapshot, parse_snapshot

from .contents import PINS, SETTINGS, SNAPSHOT, USERS
from .errors import refused
from .manifest import Manifest, this_version, version_key
from .open import Opened

_LATER = "restore it with the version of modemfarm that made it, or a later one"


def check_fit(
    manifest: Manifest, farm: FarmSettings, schema: int, postgresql: int, other_host: bool
) -> None:
    """BackupRefusedError for another host's backup, unless that is meant, and for a newer one.

    schema and postgresql: what this program and this host's server have.
    """
    if manifest.host != farm.host and not other_host:
        raise refused(
            f"it is of host {manifest.host}, this is {farm.host}",
            "--other-host, where this host is to take the place of that one",
        )
    if manifest.schema > schema:
        raise refused(
            f"its schema is {manifest.schema}, newer than this program's {schema}", _LATER
        )
    if manifest.schema < 1:
        raise refused("it has no registry")
    if version_key(manifest.modemfarm) > version_key(this_version()):
        raise refused(
            f"modemfarm {manifest.modemfarm} made it, newer than this {this_version()}", _LATER
        )
    if manifest.postgresql > postgresql:
        raise refused(
            f"PostgreSQL {manifest.postgresql} made it, newer than this host's {postgresql}",
            "install that version of PostgreSQL, or a later one",
        )


def check_documents(opened: Opened) -> Snapshot | None:
    """Settings, users, PINs and snapshot can be read; the snapshot. BackupRefusedError.

    No PIN and no hash is in an error.
    """
    host = _checked(opened, SETTINGS, FarmSettings.from_dict)
    if host is None:
        raise refused("it has no settings (farm.json)")
    if host.host != opened.manifest.host:
        raise refused(
            f"its settings are of host {host.host}, its manifest of {opened.manifest.host}"
        )
    _checked(opened, USERS, parse_users)
    _checked(opened, PINS, _pins)
    snapshot: Snapshot | None = _checked(opened, SNAPSHOT, parse_snapshot)
    return snapshot


def _checked(opened: Opened, name: str, parse: Callable[[Any], Any]) -> Any:
    raw = opened.read(name)
    if raw is None:
        return None
    try:
        return parse(json.loads(raw))
    except FarmError as error:
        raise refused(f"{name}: {error.message}") from error
    except (ValueError, RecursionError):
        raise refused(f"{name} is not JSON") from None  # the parser's error holds the text


def _pins(document: Any) -> None:
    if not isinstance(document, dict):
        raise ValueError
    for value in document.values():
        Pin(value)
