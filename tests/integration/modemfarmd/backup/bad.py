# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad backups, each made of a good one, and the words with which it has to be refused."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2.extensions

from modemfarmd.backup.database import PROGRAMS

from .conftest import NEWEST, Farm, keygen


@dataclass
class Clear:
    """The clear text of a backup. Changed parts get their right sha256, so that it is not that."""

    manifest: dict[str, Any]
    parts: dict[str, bytes]
    more: list[tuple[tarfile.TarInfo, bytes]] = field(default_factory=list)

    @classmethod
    def of(cls, raw: bytes) -> Clear:
        parts = {}
        with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
            for entry in tar:
                source = tar.extractfile(entry)
                assert source is not None
                parts[entry.name] = source.read()
        return cls(json.loads(parts.pop("manifest.json")), parts)

    def put(self, name: str, content: bytes) -> None:
        """Exchange a part, and what the manifest says of it."""
        self.parts[name] = content
        for part in self.manifest["parts"]:
            if part["name"] == name:
                part |= {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}

    def entry(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(p for p in self.manifest["parts"] if p["name"] == name)
        return found

    def drop(self, name: str) -> None:
        """Take a part away, and out of the manifest."""
        del self.parts[name]
        self.manifest["parts"].remove(self.entry(name))

    def tar(self) -> bytes:
        output = io.BytesIO()
        with tarfile.open(fileobj=output, mode="w", format=tarfile.GNU_FORMAT) as tar:
            for name, content in {
                "manifest.json": json.dumps(self.manifest).encode(), **self.parts
            }.items():  # fmt: skip
                tar.addfile(_info(name, len(content)), io.BytesIO(content))
            for info, content in self.more:
                tar.addfile(info, io.BytesIO(content))
        return output.getvalue()


def _info(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info


def seal(lab: Farm, raw: bytes, recipients: Path | None = None) -> bytes:
    """Encrypted for this farm, or others."""
    return subprocess.run(
        ["age", "-R", str(recipients or lab.settings.recipients)],
        input=raw, check=True, capture_output=True,
    ).stdout  # fmt: skip


# What is done to the encrypted file.
def _flip(raw: bytes, place: int) -> bytes:
    return raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]


FILE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda raw: b"", "is empty"),
    "no age file": (lambda raw: b"PK\x03\x04" + raw, "is not encrypted by age"),
    "cut in its head": (lambda raw: raw[:40], "damaged or was cut"),
    "cut in the middle": (lambda raw: raw[: len(raw) // 2], "damaged or was cut"),
    "cut by one byte": (lambda raw: raw[:-1], "damaged or was cut"),
    "a bit of the head": (lambda raw: _flip(raw, 60), ""),
    "a bit of the body": (lambda raw: _flip(raw, len(raw) // 2), "damaged or was cut"),
    "a bit of the end": (lambda raw: _flip(raw, len(raw) - 1), "damaged or was cut"),
    "something behind": (lambda raw: raw + b"x", "damaged or was cut"),
    "twice": (lambda raw: raw + raw, "damaged or was cut"),
}


# What is done to the clear text; it is encrypted again, rightly.
def _sha(clear: Clear) -> None:
    clear.parts["etc/modemfarm/farm.json"] = clear.parts["etc/modemfarm/farm.json"].replace(
        b"192.168.1.100", b"192.168.1.200"
    )


def _said(**fields: Any) -> Callable[[Clear], None]:
    def change(clear: Clear) -> None:
        clear.manifest |= fields

    return change


def _part(name: str, **fields: Any) -> Callable[[Clear], None]:
    def change(clear: Clear) -> None:
        clear.entry(name).update(fields)

    return change


def _put(name: str, content: bytes) -> Callable[[Clear], None]:
    return lambda clear: clear.put(name, content)


def _renamed(to: str) -> Callable[[Clear], None]:
    def change(clear: Clear) -> None:
        name = "etc/modemfarm/tls/key.pem"
        clear.entry(name)["name"] = to
        clear.parts[to] = clear.parts.pop(name)

    return change


def _link(clear: Clear) -> None:
    name = "var/lib/modemfarm/pin-tries.key"
    content = clear.parts.pop(name)
    info = _info(name, 0, tarfile.SYMTYPE)
    info.linkname = "/etc/shadow"
    clear.more.append((info, b""))
    assert content


def _more(clear: Clear) -> None:
    clear.more.append((_info("etc/modemfarm/more", 1), b"x"))


def _gone(clear: Clear) -> None:
    del clear.parts["var/lib/modemfarm/pin-tries.key"]


def _twice(clear: Clear) -> None:
    clear.manifest["parts"].append(clear.manifest["parts"][-1])


def _no_database(clear: Clear) -> None:
    clear.drop("database.dump")


def _cut_dump(clear: Clear) -> None:
    clear.put("database.dump", clear.parts["database.dump"][:-3000])


def _one_row_more(clear: Clear) -> None:
    clear.manifest["rows"]["modems"] += 1


def _table_more(clear: Clear) -> None:
    clear.manifest["rows"]["invoices"] = 3


def _other_key(clear: Clear) -> None:
    clear.put("var/lib/modemfarm/pin-tries.key", b"k" * 32)


def _half_ledger(clear: Clear) -> None:
    clear.put("var/lib/modemfarm/pin-tries.json", b'{"version": 1, "tries"')


def _key_alone(clear: Clear) -> None:
    clear.drop("var/lib/modemfarm/pin-tries.json")


def _users(clear: Clear) -> None:
    clear.put("etc/modemfarm/proxy-users.json", b'{"version": 1, "users": [{"name": "X"}]}')


def _other_settings(clear: Clear) -> None:
    text = clear.parts["etc/modemfarm/farm.json"].replace(b'"host": "lab"', b'"host": "old"')
    clear.put("etc/modemfarm/farm.json", text)


CLEAR: dict[str, tuple[Callable[[Clear], None], str]] = {
    "another host": (_said(host="other"), "it is of host other, this is lab"),
    "newer format": (_said(format=2), "its format is 2, newer than"),
    "newer schema": (_said(schema=999), "its schema is 999, newer than"),
    "newer modemfarm": (_said(modemfarm="99.0.0"), "modemfarm 99.0.0 made it, newer than"),
    "newer PostgreSQL": (_said(postgresql=99), "PostgreSQL 99 made it, newer than"),
    "no host": (_said(host=None), "its manifest has host"),
    "no time": (_said(made_at="2026-13-77T00:00"), "its manifest has made_at"),
    "no rows": (_said(rows={}), "its manifest has rows"),
    "no database": (_no_database, "it has no database"),
    "a part changed": (_sha, "farm.json is not what it was"),
    "a part missing": (_gone, "pin-tries.key is missing"),
    "a part too many": (_more, "of which its manifest knows nothing"),
    "a part twice": (_twice, "names a part twice"),
    "a part that leads out": (_renamed("etc/modemfarm/../../root/x"), "its manifest has name"),
    "a part elsewhere": (_renamed("etc/shadow"), "its manifest has name"),
    "a link": (_link, "where its manifest has var/lib/modemfarm/pin-tries.key"),
    "a size": (_part("etc/modemfarm/farm.json", size=7), "its manifest says 7"),
    "an owner": (_part("etc/modemfarm/farm.json", owner="www-data"), "its manifest has owner"),
    "open to all": (_part("etc/modemfarm/pins.json", mode=0o666), "its manifest has mode"),
    "no dump": (_put("database.dump", b"SELECT 1;" * 99), "its dump is damaged"),
    "a cut dump": (_cut_dump, "its dump cannot be restored"),
    "a row less": (_one_row_more, "table modems: 3 rows restored, 4 rows dumped"),
    "a table less": (_table_more, "table invoices: no such table restored, 3 rows dumped"),
    "older schema than said": (
        _said(schema=NEWEST - 1),
        f"its dump has schema {NEWEST}, its manifest says {NEWEST - 1}",
    ),
    "another ledger's key": (_other_key, "is not the key of its ledger"),
    "half a ledger": (_half_ledger, "it is damaged"),
    "a ledger's key alone": (_key_alone, "has its key alone"),
    "proxy users": (_users, "proxy-users.json"),
    "a PIN": (_put("etc/modemfarm/pins.json", b'{"default": "12x4"}'), "PIN is '****'"),
    "settings": (_put("etc/modemfarm/farm.json", b"{"), "farm.json is not JSON"),
    "another host's settings": (_other_settings, "its settings are of host old"),
}


def foreign_dump(lab: Farm, statement: str) -> bytes:
    """A dump in the right format of a database that is none of ours."""
    name = psycopg2.extensions.parse_dsn(lab.dsn)["dbname"] + "_before"
    other = psycopg2.extensions.make_dsn(lab.dsn, dbname=name)
    (version,) = [p.parent.parent.name for p in PROGRAMS.glob("*/bin/pg_dump")][-1:]
    lab.rows(f"CREATE DATABASE {name}")
    lab_rows = Farm(lab.root, other, lab.farm, lab.settings).rows
    lab_rows(statement)
    dump = subprocess.run(
        [str(PROGRAMS / version / "bin/pg_dump"), "-Fc", f"--dbname={other}"],
        check=True, capture_output=True,
    ).stdout  # fmt: skip
    lab.rows(f"DROP DATABASE {name}")
    return dump


def strange_key(lab: Farm) -> str:
    """A private key that the backup is not for."""
    path = lab.root / "strange"
    keygen(path)
    return str(path)
