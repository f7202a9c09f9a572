# SPDX-License-Identifier: GPL-3.0-or-later
"""One backup is one file: a tar (manifest first), encrypted, mode 0600, there as a whole or not."""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from modemfarm.settings import FarmSettings

from . import age
from .contents import ROOT, Contents, collect
from .database import dump
from .errors import BackupFailedError
from .manifest import DATABASE, NAME, Manifest, Part, this_version
from .settings import BackupSettings

LOCK = ".lock"
WORK = ".work-"  # in the folder of the backups: as much room as the database takes
_CHUNK = 1 << 20
_STAMP = "%Y%m%dT%H%M%S"


@dataclass(frozen=True)
class Made:
    """The file, its size in bytes, what is in it, and older ones that were removed."""

    path: Path
    size: int
    manifest: Manifest
    removed: tuple[Path, ...]


def make_backup(
    farm: FarmSettings, settings: BackupSettings, now: datetime, root: Path = ROOT
) -> Made:
    """Back up this host and remove what is older than the settings keep.

    BackupFailedError, DatabaseGoneError, SettingsError, MissingPartError; then there is no file.
    """
    age.program()
    age.check_recipients(settings.recipients)
    with work_folder(settings.folder) as work:
        clear = work / "dump"
        with clear.open("xb") as output:
            dumped = dump(farm.database, output)
        contents = collect(root)
        manifest = Manifest(
            host=farm.host,
            made_at=now.astimezone(UTC).isoformat(timespec="milliseconds"),
            modemfarm=this_version(),
            schema=dumped.schema,
            postgresql=dumped.postgresql,
            rows=dumped.rows,
            parts=(_part_of(clear), *(part for part, _ in contents.parts)),
            left_out=tuple(contents.left_out),
        )
        path = settings.folder / file_name(farm.host, now)
        size = _write(path, work / "file", manifest, clear, contents, settings)
        return Made(path, size, manifest, tuple(prune(settings, farm.host, now, path)))


def file_name(host: str, now: datetime) -> str:
    """Such as modemfarm-lab-20261130T172528.123Z.tar.age: by name is by time."""
    moment = now.astimezone(UTC)
    return f"modemfarm-{host}-{moment:{_STAMP}}.{moment.microsecond // 1000:03d}Z.tar.age"


def kept(folder: Path, host: str) -> list[tuple[datetime, Path]]:
    """This host's backups with their times, newest first. Other files are none of ours."""
    pattern = re.compile(rf"modemfarm-{re.escape(host)}-(\d{{8}}T\d{{6}})\.\d{{3}}Z\.tar\.age")
    found = []
    for path in folder.iterdir():
        name = pattern.fullmatch(path.name)
        if name and path.is_file() and not path.is_symlink():
            try:
                found.append((datetime.strptime(name[1], _STAMP).replace(tzinfo=UTC), path))
            except ValueError:  # digits that are no time
                continue
    return sorted(found, reverse=True)


def prune(settings: BackupSettings, host: str, now: datetime, fresh: Path) -> Iterator[Path]:
    """Remove what is beyond `keep` or older than `keep_days`; never the one just made, whatever
    the clock said when the others were.
    """
    oldest = now - timedelta(days=settings.keep_days)
    others = [entry for entry in kept(settings.folder, host) if entry[1] != fresh]
    for place, (made, path) in enumerate(others, 2):
        if place > settings.keep or made < oldest:
            path.unlink()
            yield path


@contextmanager
def work_folder(folder: Path) -> Iterator[Path]:
    """A private folder inside, removed at the end; one backup or restore at a time."""
    try:
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise BackupFailedError(
            f"cannot write to {folder}: {error.strerror}", "run it as root, after the role backup"
        ) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupFailedError(
                "another backup or restore is at work", "wait for its end"
            ) from error
        _give(lock, folder)
        for left in folder.glob(f"{WORK}*"):  # of one that was killed
            shutil.rmtree(left)
        work = Path(tempfile.mkdtemp(prefix=WORK, dir=folder))
        try:
            yield work
        finally:
            shutil.rmtree(work)
    finally:
        os.close(lock)


def _give(handle: int, folder: Path) -> None:
    """What root writes by hand, the timer's user removes in its time."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(handle, owner.st_uid, owner.st_gid)


def _part_of(path: Path) -> Part:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_CHUNK):
            digest.update(block)
    return Part(DATABASE, path.stat().st_size, digest.hexdigest())


def _write(
    path: Path,
    staged: Path,
    manifest: Manifest,
    clear: Path,
    contents: Contents,
    settings: BackupSettings,
) -> int:
    def archive(stream: IO[bytes]) -> None:
        with tarfile.open(fileobj=stream, mode="w|", format=tarfile.GNU_FORMAT) as tar:
            _add(tar, NAME, manifest.as_bytes())
            with clear.open("rb") as source:
                tar.addfile(_entry(DATABASE, manifest.parts[0].size), source)
            for part, content in contents.parts:
                _add(tar, part.name, content)

    try:
        with os.fdopen(
            os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
        ) as output:
            age.encrypt(archive, settings.recipients, output)
            _give(output.fileno(), settings.folder)
            os.fsync(output.fileno())
        os.link(staged, path)  # refuses to replace one
        folder = os.open(settings.folder, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(folder)
        os.close(folder)
    except OSError as error:
        raise BackupFailedError(
            f"cannot write {path}: {error.strerror}", "make room on its disk, and try again"
        ) from error
    return path.stat().st_size


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    tar.addfile(_entry(name, len(content)), io.BytesIO(content))


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry
