# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup is decrypted into a private folder and compared with its manifest, part by part."""

from __future__ import annotations

import hashlib
import shutil
import stat
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from . import age
from .errors import refused
from .manifest import DATABASE, MAX_BYTES, NAME, Manifest, Part, parse

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Opened:
    """The manifest, and where the parts are."""

    manifest: Manifest
    folder: Path

    @property
    def database(self) -> Path:
        """The dump."""
        return self.folder / DATABASE

    def read(self, name: str) -> bytes | None:
        """A part that is a file of the host; None when the backup has none of that name."""
        return (self.folder / name).read_bytes() if self.manifest.has(name) else None


def open_backup(
    path: Path, identity: str, folder: Path, check: Callable[[Manifest], None]
) -> Opened:
    """Decrypt `path` into `folder`. `check` may refuse what the manifest says, before the rest.

    BackupRefusedError, SettingsError (the key), MissingPartError.
    """
    _check_file(path)
    age.program()
    age.check_identity(identity)
    folder.mkdir(mode=0o700)
    manifest = age.decrypt(path, identity, lambda stream: _unpack(stream, folder, check))
    return Opened(manifest, folder)


def _check_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise refused(f"{path} is no file", "name a file that `modemfarm backup` made")
        with path.open("rb") as stream:
            start = stream.read(len(age.MAGIC))
    except OSError as error:
        raise refused(
            f"cannot read {path}: {error.strerror}", "name a file that is there"
        ) from error
    if not start:
        raise refused(f"{path} is empty")
    if start != age.MAGIC:
        raise refused(f"{path} is not encrypted by age", "name a file that `modemfarm backup` made")


def _unpack(stream: IO[bytes], folder: Path, check: Callable[[Manifest], None]) -> Manifest:
    with tarfile.open(fileobj=stream, mode="r|") as tar:
        first = tar.next()
        if first is None or first.name != NAME or not first.isreg() or first.size > MAX_BYTES:
            raise refused("it does not begin with a manifest")
        source = tar.extractfile(first)
        manifest = parse(source.read() if source else b"")
        check(manifest)
        _room(manifest, folder)
        for part in manifest.parts:
            _unpack_part(tar, part, folder)
        more = tar.next()
        if more is not None:
            raise refused(f"it has {more.name[:80]!r}, of which its manifest knows nothing")
    return manifest


def _room(manifest: Manifest, folder: Path) -> None:
    """As much again for the scratch database, where it is on the same disk."""
    wanted = sum(part.size for part in manifest.parts)
    free = shutil.disk_usage(folder).free
    if wanted > free:
        raise refused(
            f"it needs {wanted >> 20} MB in {folder.parent} and {free >> 20} MB are free",
            "make room there",
        )


def _unpack_part(tar: tarfile.TarFile, part: Part, folder: Path) -> None:
    entry = tar.next()
    if entry is None:
        raise refused(f"{part.name} is missing")
    if entry.name != part.name or not entry.isreg():
        raise refused(f"it has {entry.name[:80]!r} where its manifest has {part.name}")
    if entry.size != part.size:
        raise refused(f"{part.name} has {entry.size} bytes, its manifest says {part.size}")
    target = folder / part.name
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest = hashlib.sha256()
    source = tar.extractfile(entry)
    with target.open("xb") as output:
        while source is not None and (block := source.read(_CHUNK)):
            digest.update(block)
            output.write(block)
    if digest.hexdigest() != part.sha256:
        raise refused(f"{part.name} is not what it was: its sha256 differs from the manifest's")
