# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a backup go back to /etc/modemfarm: all of them are staged, then all are swapped in.

What the inventory decides stays as the host has it, or the next run of site.yml would undo the
restore; it is written only where the host has none.
"""

from __future__ import annotations

import grp
import os
import pwd
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from modemfarm.apply.files import refuse_foreign_folder

from .contents import CONFIGURATION, PINS
from .errors import refused
from .manifest import Part
from .open import Opened

# Written by roles from the inventory, and by each apply from the registry.
INVENTORY = tuple(
    f"{CONFIGURATION}/{name}"
    for name in (
        "farm.json", "api.json", "backup.json", "backup-recipients", "guard.nft", "proxy/"
    )
)  # fmt: skip
CERTIFICATES = f"{CONFIGURATION}/tls/"  # of a name: another host has its own
_EMPTY = b"{}"  # what the role agent writes without any PIN


@dataclass(frozen=True)
class Placing:
    """write: parts to be written. kept: files that differ and stay as the host has them."""

    write: tuple[Part, ...]
    kept: tuple[str, ...]


def plan(opened: Opened, root: Path, other_host: bool) -> Placing:
    """What is to be done. BackupRefusedError where a file's owner is unknown here."""
    write: list[Part] = []
    kept: list[str] = []
    for part in opened.manifest.parts:
        if not part.name.startswith(f"{CONFIGURATION}/"):
            continue
        here, there = _content(root / part.name), opened.read(part.name)
        if here == there:
            continue
        if here is None or not _stays(part.name, here, other_host):
            _check_owner(part)
            write.append(part)
        else:
            kept.append(part.name)
    return Placing(tuple(write), tuple(kept))


def _stays(name: str, here: bytes, other_host: bool) -> bool:
    if name == PINS:
        return here.strip() != _EMPTY
    return name.startswith((*INVENTORY, CERTIFICATES) if other_host else INVENTORY)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise refused(f"cannot read {path}: {error.strerror}", "run it as root") from error


def _check_owner(part: Part) -> None:
    try:
        pwd.getpwnam(part.owner)
        grp.getgrnam(part.group)
    except KeyError as error:
        raise refused(
            f"{part.name} belongs to {part.owner}:{part.group}, whom this host does not know",
            "run playbooks/site.yml first",
        ) from error


@contextmanager
def staged(placing: Placing, opened: Opened, root: Path) -> Iterator[list[tuple[Path, Path]]]:
    """New files beside their places, as (new, place); those still there in the end are removed.

    OSError, PermanentError.
    """
    files: list[tuple[Path, Path]] = []
    try:
        for part in placing.write:
            files.append((_stage(part, opened.read(part.name) or b"", root), root / part.name))
        yield files
    finally:
        for new, _ in files:
            new.unlink(missing_ok=True)


def _stage(part: Part, content: bytes, root: Path) -> Path:
    folder = (root / part.name).parent
    folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    refuse_foreign_folder(folder)
    handle, name = tempfile.mkstemp(prefix=".new-", dir=folder)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
        stream.flush()
        if os.geteuid() == 0:
            uid, gid = pwd.getpwnam(part.owner).pw_uid, grp.getgrnam(part.group).gr_gid
            os.fchown(stream.fileno(), uid, gid)
        os.fchmod(stream.fileno(), part.mode)
        os.fsync(stream.fileno())
    return Path(name)
