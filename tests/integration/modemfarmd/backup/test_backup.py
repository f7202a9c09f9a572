# SPDX-License-Identifier: GPL-3.0-or-later
"""What `modemfarm backup` writes, when it writes nothing, and which old ones it removes."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import tarfile
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from modemfarm.errors import FarmError, SettingsError
from modemfarmd.backup.errors import BackupFailedError
from modemfarmd.backup.make import file_name

from .conftest import NEWEST, NOW, ONE, Decrypt, Farm, keygen, write


def test_one_private_encrypted_file_with_all_of_it(lab: Farm, decrypt: Decrypt) -> None:
    before = lab.everything()
    made = lab.save()
    assert made.path.name == "modemfarm-lab-20261130T172528.123Z.tar.age"
    assert made.path.stat().st_mode & 0o7777 == 0o600
    assert sorted(p.name for p in lab.settings.folder.iterdir()) == [".lock", made.path.name]
    raw = made.path.read_bytes()
    for secret in (b"4711", b"$argon2id$", b"BEGIN PRIVATE", b"$1$abcdefgh", ONE.encode()):
        assert secret not in raw
    with tarfile.open(fileobj=io.BytesIO(decrypt(made.path))) as tar:
        names = tar.getnames()
        source = tar.extractfile("manifest.json")
        assert source is not None
        manifest = json.loads(source.read())
    assert names == [
        "manifest.json", "database.dump",
        "etc/modemfarm/backup-recipients", "etc/modemfarm/farm.json", "etc/modemfarm/pins.json",
        "etc/modemfarm/proxy-users.json", "etc/modemfarm/proxy/1.cfg", "etc/modemfarm/tls/key.pem",
        "var/lib/modemfarm/modems.json", "var/lib/modemfarm/pin-tries.json",
        "var/lib/modemfarm/pin-tries.key",
    ]  # fmt: skip
    assert (manifest["host"], manifest["schema"], manifest["rows"]["modems"]) == (
        "lab", NEWEST, 3,
    )  # fmt: skip
    assert sum(n for t, n in manifest["rows"].items() if t.startswith("modem_logs_")) == 500
    assert lab.everything() == before


def test_a_private_key_of_backups_goes_into_none(lab: Farm) -> None:
    keygen(lab.root / "etc/modemfarm/backup-identity")
    (lab.root / "etc/modemfarm/link").symlink_to("/etc/shadow")
    write(lab.root / "etc/modemfarm/.new-x", "staged")
    made = lab.save()
    assert made.manifest.left_out == (
        "etc/modemfarm/backup-identity: a private key of backups",
        "etc/modemfarm/link: no regular file",
    )
    assert not {"backup-identity", "link", ".new-x"} & {
        part.name.rpartition("/")[2] for part in made.manifest.parts
    }


def test_count_and_age_decide_what_goes(lab: Farm) -> None:
    """keep 3, keep_days 30; strangers' files and another host's stay."""
    for days in (1, 2, 3, 31):
        write(lab.settings.folder / file_name("lab", NOW - timedelta(days=days)), "x")
    for name in (file_name("other", NOW - timedelta(days=99)), "notes.txt"):
        write(lab.settings.folder / name, "x")
    made = lab.save()
    assert [path.name for path in made.removed] == [
        file_name("lab", NOW - timedelta(days=days)) for days in (3, 31)
    ]
    late = lab.save(NOW + timedelta(days=400))
    assert len(late.removed) == 3  # older than 30 days, each of them
    assert sorted(p.name for p in lab.settings.folder.iterdir() if p.name != ".lock") == sorted(
        [late.path.name, file_name("other", NOW - timedelta(days=99)), "notes.txt"]
    )


def test_the_one_just_made_stays_though_the_clock_was_ahead(lab: Farm) -> None:
    lab.settings = replace(lab.settings, keep=1)
    ahead = lab.settings.folder / file_name("lab", NOW + timedelta(days=900))
    write(ahead, "x")
    made = lab.save()
    assert (made.removed, made.path.exists()) == ((ahead,), True)


def test_rows_are_those_of_one_moment(lab: Farm, decrypt: Decrypt) -> None:
    """F50: somebody writes all the while, and each batch is there as a whole or not."""
    done = threading.Event()

    def work() -> None:
        while not done.is_set():
            lab.rows(
                "INSERT INTO events (host, kind) SELECT 'lab', 'batch' FROM generate_series(1, 7)"
            )

    writer = threading.Thread(target=work)
    writer.start()
    try:
        made = lab.save()
    finally:
        done.set()
        writer.join()
    report = lab.restore(made.path, verify=True)
    events = sum(n for t, n in report.manifest.rows.items() if t.startswith("events_"))
    assert events % 7 == 1
    assert events < lab.rows("SELECT count(*) FROM events")[0][0]


def _no_recipients(lab: Farm) -> None:
    lab.settings.recipients.unlink()


def _empty_recipients(lab: Farm) -> None:
    write(lab.settings.recipients, "# nobody yet\n")


def _private_recipient(lab: Farm) -> None:
    write(lab.settings.recipients, lab.settings.identity.read_text())


def _open_recipients(lab: Farm) -> None:
    lab.settings.recipients.chmod(0o666)


def _odd_recipient(lab: Farm) -> None:
    write(lab.settings.recipients, "age1nonsense\n")


def _no_folder(lab: Farm) -> None:
    shutil.rmtree(lab.settings.folder)


def _no_registry(lab: Farm) -> None:
    lab.rows("DROP SCHEMA public CASCADE")
    lab.rows("CREATE SCHEMA public")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_no_recipients, "cannot read"),
        (_empty_recipients, "names nobody"),
        (_private_recipient, "holds a private key"),
        (_open_recipients, "may be written by others"),
        (_odd_recipient, "age: "),
        (_no_folder, "cannot write to"),
        (_no_registry, "has no registry"),
    ],
)
def test_what_is_wrong_is_said_and_no_file_made(lab: Farm, spoil: object, said: str) -> None:
    lab.save(NOW - timedelta(days=40))  # older than is kept: a failure must not remove it
    spoil(lab)  # type: ignore[operator]
    with pytest.raises((SettingsError, BackupFailedError), match=said) as found:
        lab.save()
    assert found.value.remedy
    assert len(list(lab.settings.folder.glob("*"))) in (0, 2)  # the lock and the old one


def test_without_the_database_there_is_no_backup(lab: Farm) -> None:
    lab.farm = type(lab.farm).from_dict(lab.documents | {"database": f"host={lab.root} dbname=x"})
    with pytest.raises(FarmError, match="No such file"):
        lab.save()
    assert [path.name for path in lab.settings.folder.iterdir()] == [".lock"]


def test_a_full_disk_leaves_no_half_file(lab: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small tmpfs of our own."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    size = "size=150k,mode=700"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(lab.settings.folder)], check=False
    )
    if mounted.returncode:
        pytest.skip("no right to mount here")
    try:
        write(lab.root / "etc/modemfarm/tls/big.pem", os.urandom(200_000), 0o600)
        with pytest.raises(BackupFailedError) as found:
            lab.save()
        assert "No space left" in found.value.message or "no space left" in found.value.message
        assert [path.name for path in lab.settings.folder.iterdir()] == [".lock"]
    finally:
        subprocess.run(["umount", str(lab.settings.folder)], check=True)


def test_what_a_killed_run_left_is_removed_and_two_do_not_meet(lab: Farm) -> None:
    from modemfarmd.backup.make import work_folder

    write(lab.settings.folder / ".work-dead/dump", "clear text")
    with work_folder(lab.settings.folder) as work:
        assert [p.name for p in lab.settings.folder.glob(".work-*")] == [work.name]
        with pytest.raises(BackupFailedError, match="another backup or restore is at work"):
            lab.save()
    assert [p.name for p in Path(lab.settings.folder).iterdir()] == [".lock"]
