# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad backups are refused with the reason, and what lives is the same before and after."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

import pytest

from modemfarm.errors import FarmError, SettingsError
from modemfarm.pin.ledger import Ledger
from modemfarm.pin.secret import Pin
from modemfarmd.backup.contents import LEDGER
from modemfarmd.backup.errors import BackupRefusedError

from .bad import CLEAR, FILE, Clear, foreign_dump, seal, strange_key
from .conftest import ICCID, NEWEST, Decrypt, Farm


@pytest.fixture
def good(lab: Farm) -> Path:
    return lab.save().path


def refuses(lab: Farm, path: Path, said: str, kind: type[FarmError] = BackupRefusedError,
            **wishes: object) -> None:  # fmt: skip
    """For real, not only with --verify."""
    before = lab.everything()
    with pytest.raises(kind) as found:
        lab.restore(path, **wishes)
    assert said in found.value.message
    assert found.value.remedy
    assert "4711" not in str(found.value)
    assert lab.everything() == before
    assert not list(lab.settings.folder.glob(".work-*"))


@pytest.mark.parametrize("name", FILE)
def test_a_file_that_is_not_whole(lab: Farm, good: Path, name: str) -> None:
    spoil, said = FILE[name]
    good.write_bytes(spoil(good.read_bytes()))
    refuses(lab, good, said)


@pytest.mark.parametrize("name", CLEAR)
def test_contents_that_cannot_be(lab: Farm, good: Path, decrypt: Decrypt, name: str) -> None:
    spoil, said = CLEAR[name]
    clear = Clear.of(decrypt(good))
    spoil(clear)
    good.write_bytes(seal(lab, clear.tar()))
    refuses(lab, good, said)


def test_the_control_sealed_again_unchanged_is_taken(
    lab: Farm, good: Path, decrypt: Decrypt
) -> None:
    """The refusals are for what was changed, not for the changing."""
    good.write_bytes(seal(lab, Clear.of(decrypt(good)).tar()))
    assert lab.restore(good, verify=True).differences == ()


@pytest.mark.parametrize("raw", [b"no tar at all" * 99, b"", b"\0" * 2048])
def test_no_archive_inside(lab: Farm, good: Path, raw: bytes) -> None:
    good.write_bytes(seal(lab, raw))
    refuses(lab, good, "")


def test_an_archive_that_was_cut_before_it_was_encrypted(
    lab: Farm, good: Path, decrypt: Decrypt
) -> None:
    raw = decrypt(good)
    good.write_bytes(seal(lab, raw[: len(raw) // 2]))
    refuses(lab, good, "is no archive of ours")


def test_manifest_last_or_missing(lab: Farm, good: Path, decrypt: Decrypt) -> None:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as tar:
        info = tarfile.TarInfo("database.dump")
        tar.addfile(info)
    good.write_bytes(seal(lab, output.getvalue()))
    refuses(lab, good, "does not begin with a manifest")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("CREATE TABLE invoices (id integer)", "its dump has schema 0"),
        ("CREATE TABLE schema_migrations (version integer);"
         f"INSERT INTO schema_migrations SELECT {NEWEST}", "no such table"),
    ],
)  # fmt: skip
def test_another_database_in_it(
    lab: Farm, good: Path, decrypt: Decrypt, statement: str, said: str
) -> None:
    clear = Clear.of(decrypt(good))
    clear.put("database.dump", foreign_dump(lab, statement))
    good.write_bytes(seal(lab, clear.tar()))
    refuses(lab, good, said)


def test_the_wrong_key(lab: Farm, good: Path) -> None:
    refuses(lab, good, "encrypted for other keys", identity=strange_key(lab))


def test_no_key_and_bad_keys(lab: Farm, good: Path) -> None:
    refuses(lab, good, "cannot read the key", SettingsError, identity="/no/such")
    lab.settings.identity.chmod(0o644)
    refuses(lab, good, "may be read by others", SettingsError)
    lab.settings.identity.write_text("AGE-SECRET-KEY-nonsense\n")
    lab.settings.identity.chmod(0o600)
    refuses(lab, good, "age: ", SettingsError)


@pytest.mark.parametrize("path", ["/no/such", "/etc"])
def test_no_file(lab: Farm, path: str) -> None:
    refuses(lab, Path(path), path)


def test_no_room(lab: Farm, good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        shutil, "disk_usage",
        lambda path: type("usage", (), {"free": 1}),
    )  # fmt: skip
    refuses(lab, good, "MB are free")


def test_tries_of_this_host_under_another_key(lab: Farm, good: Path) -> None:
    """Two ledgers cannot be joined, and a restore must make no SIM forget a try."""
    for path in (lab.root / "var/lib/modemfarm").glob("pin-tries.*"):
        path.unlink()
    ledger = Ledger(lab.root / LEDGER)
    ledger.begin(ICCID, Pin("1234"))
    refuses(lab, good, "under another key")


def test_modems_that_have_no_room_here(lab: Farm, good: Path) -> None:
    lab.farm = type(lab.farm).from_dict(lab.documents | {"slots": 1})
    refuses(lab, good, "has slot 2, this host has 1")


def test_no_administrator_here(lab: Farm, good: Path) -> None:
    dsn = "host=db.example dbname=modemfarm"
    lab.farm = type(lab.farm).from_dict(lab.documents | {"database": dsn})
    refuses(lab, good, "the registry is on db.example", SettingsError)
