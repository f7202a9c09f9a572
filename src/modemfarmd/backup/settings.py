# SPDX-License-Identifier: GPL-3.0-or-later
"""How a host keeps its backups (/etc/modemfarm/backup.json, written by the role backup)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from modemfarm.checks import integer
from modemfarm.errors import InvalidValueError, SettingsError

DEFAULT_PATH = Path("/etc/modemfarm/backup.json")
VERSION = 1


@dataclass(frozen=True)
class BackupSettings:
    """keep: how many files at most. keep_days: none that is older, but for the newest one.

    recipients: age public keys, one a line. identity: the private key, where an admin put it there.
    """

    folder: Path = Path("/var/backups/modemfarm")
    recipients: Path = Path("/etc/modemfarm/backup-recipients")
    identity: Path = Path("/etc/modemfarm/backup-identity")
    keep: int = 14
    keep_days: int = 60

    @classmethod
    def load(cls, path: Path = DEFAULT_PATH) -> BackupSettings:
        """Read and check the file; the defaults where there is none. SettingsError."""
        try:
            return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return cls()
        except OSError as error:
            raise SettingsError(
                f"cannot read {path}: {error.strerror}", "run it as root"
            ) from error
        except InvalidValueError as error:
            raise SettingsError(f"{path}: {error.message}", error.remedy) from error
        except (ValueError, RecursionError) as error:
            raise SettingsError(f"{path} is not JSON: {error}", "run the role backup") from error

    @classmethod
    def from_dict(cls, data: object) -> BackupSettings:
        """Check a parsed document; InvalidValueError. Unknown fields are typing errors."""
        if not isinstance(data, Mapping):
            raise InvalidValueError("the document", type(data).__name__, "a JSON object")
        if data.get("version") != VERSION:
            raise InvalidValueError("version", data.get("version"), str(VERSION))
        known = {field.name for field in fields(cls)}
        for name in data.keys() - known - {"version"}:
            raise InvalidValueError("field name", name, ", ".join(sorted(known)))
        return cls(**{name: _CHECKS[name](name, data[name]) for name in known & data.keys()})


def _path(name: str, value: object) -> Path:
    if not isinstance(value, str) or not value.startswith("/") or not value.isprintable():
        raise InvalidValueError(name, value, "an absolute path")
    return Path(value)


_CHECKS: dict[str, Any] = {
    "folder": _path,
    "recipients": _path,
    "identity": _path,
    "keep": lambda name, value: integer(name, value, 1, 1000),
    "keep_days": lambda name, value: integer(name, value, 1, 3650),
}
