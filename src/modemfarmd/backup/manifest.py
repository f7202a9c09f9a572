# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in a backup: versions, parts with their sha256, rows of each table. The first member."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from .errors import BackupRefusedError, refused

FORMAT = 1
NAME = "manifest.json"
DATABASE = "database.dump"
MAX_BYTES = 4_000_000  # 1,000 files and 1,500 partitions need 400 kB
MAX_PARTS = 2_000
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,62}\Z")
_VERSION = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6}){0,3}")
_TABLE = re.compile(r"[a-z_][a-z0-9_]{0,62}\Z")
_OWNER = re.compile(r"(root|modemfarm(-[a-z]{1,20})?|farm-px(-[0-9]{1,3})?)\Z")
_COMPONENT = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}"
_PART = re.compile(
    rf"{re.escape(DATABASE)}|(etc|var/lib)/modemfarm(/{_COMPONENT}){{1,4}}\Z", re.ASCII
)


@dataclass(frozen=True)
class Part:
    """One member. Size in bytes; mode, owner and group are those of the file on the host."""

    name: str
    size: int
    sha256: str
    mode: int = 0o600
    owner: str = "root"
    group: str = "root"


@dataclass(frozen=True)
class Manifest:
    """host and made_at (ISO 8601, UTC) say whose and of when; rows: by table, as they were dumped.

    postgresql is the server's major version. left_out: files that are in no backup, and why.
    """

    host: str
    made_at: str
    modemfarm: str
    schema: int
    postgresql: int
    rows: Mapping[str, int]
    parts: tuple[Part, ...]
    left_out: tuple[str, ...] = ()

    def as_bytes(self) -> bytes:
        """JSON, as `parse` reads it."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1).encode("ascii") + b"\n"

    def has(self, name: str) -> bool:
        """Whether there is such a part."""
        return any(part.name == name for part in self.parts)


def this_version() -> str:
    """The version of this program, such as 0.1.0."""
    try:
        return version("modemfarm")
    except PackageNotFoundError:  # a checkout that nobody has installed
        return "0"


def version_key(text: str) -> tuple[int, ...]:
    """Its leading numbers, for comparing."""
    found = _VERSION.match(text)
    return tuple(int(number) for number in found[0].split(".")) if found else ()


def sound_name(name: str) -> bool:
    """Whether a backup may have a part of that name; none leads out of our folders."""
    return _PART.fullmatch(name) is not None and ".." not in name


def parse(raw: bytes) -> Manifest:
    """Check a manifest; BackupRefusedError names the field."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise refused("its manifest is not JSON") from error
    if not isinstance(document, dict):
        raise refused("its manifest is no JSON object")
    _format(document.get("format"))
    host = _text(document, "host", _HOST)
    made_at = _text(document, "made_at", re.compile(r"[0-9T:.+-]{1,40}\Z"))
    try:
        aware = datetime.fromisoformat(made_at).tzinfo is not None
    except ValueError:
        aware = False
    if not aware:
        raise _bad("made_at", made_at)
    return Manifest(
        host=host,
        made_at=made_at,
        modemfarm=_text(document, "modemfarm", re.compile(r"[0-9A-Za-z.+-]{1,60}\Z")),
        schema=_number(document, "schema", 1_000_000),
        postgresql=_number(document, "postgresql", 1_000),
        rows=_rows(document.get("rows")),
        parts=_parts(document.get("parts")),
    )


def _format(found: object) -> None:
    if type(found) is not int or found < 1:
        raise _bad("format", found)
    if found > FORMAT:
        raise refused(
            f"its format is {found}, newer than this program's {FORMAT}",
            "restore it with the version of modemfarm that made it, or a later one",
        )


def _bad(field: str, value: object) -> BackupRefusedError:
    return refused(f"its manifest has {field} {str(value)[:80]!r}, which no backup of ours has")


def _text(document: Mapping[str, Any], field: str, allowed: re.Pattern[str]) -> str:
    value = document.get(field)
    if not isinstance(value, str) or not allowed.match(value):
        raise _bad(field, value)
    return value


def _number(document: Mapping[str, Any], field: str, most: int) -> int:
    value = document.get(field)
    if type(value) is not int or not 0 <= value <= most:
        raise _bad(field, value)
    return value


def _rows(value: object) -> dict[str, int]:
    if not isinstance(value, dict) or not value:
        raise _bad("rows", value)
    for table in value:
        if not _TABLE.match(table):
            raise _bad("rows", table)
        _number(value, table, 2**62)
    return value


def _parts(value: object) -> tuple[Part, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_PARTS:
        raise _bad("parts", type(value).__name__)
    parts = tuple(_part(entry) for entry in value)
    names = [part.name for part in parts]
    if len(set(names)) != len(names):
        raise refused("its manifest names a part twice")
    if names[0] != DATABASE:
        raise refused("it has no database")
    return parts


def _part(entry: object) -> Part:
    if not isinstance(entry, dict):
        raise _bad("parts", entry)
    name = entry.get("name")
    if not isinstance(name, str) or not sound_name(name):
        raise _bad("name of a part", name)
    mode = _number(entry, "mode", 0o777)
    if mode & 0o022:
        raise _bad(f"mode of {name}", oct(mode))
    return Part(
        name,
        _number(entry, "size", 2**62),
        _text(entry, "sha256", re.compile(r"[0-9a-f]{64}\Z")),
        mode,
        _text(entry, "owner", _OWNER),
        _text(entry, "group", _OWNER),
    )
