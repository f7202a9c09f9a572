# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of a host go into a backup, read into memory: they are small, and may be replaced.

All of /etc/modemfarm (settings, proxy users, PINs, keys, certificates, proxy configurations), the
snapshot, and the ledger of PIN tries with its key. Links are not followed, and a private key of
backups goes into none.
"""

from __future__ import annotations

import grp
import hashlib
import os
import pwd
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .age import SECRET
from .errors import BackupFailedError
from .manifest import Part, sound_name

ROOT = Path("/")
CONFIGURATION = "etc/modemfarm"
SNAPSHOT = "var/lib/modemfarm/modems.json"
LEDGER = "var/lib/modemfarm/pin-tries.json"
LEDGER_KEY = "var/lib/modemfarm/pin-tries.key"
PINS = "etc/modemfarm/pins.json"
USERS = "etc/modemfarm/proxy-users.json"
SETTINGS = "etc/modemfarm/farm.json"
MAX_BYTES = 4_000_000  # of one file; a list of proxy users with 1,000 names has 100 kB
MAX_FILES = 1_500


@dataclass
class Contents:
    """Parts with what they hold, and what was left out with the reason."""

    parts: list[tuple[Part, bytes]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def collect(root: Path = ROOT) -> Contents:
    """Read them all. BackupFailedError for one that cannot be read: half a backup is none."""
    contents = Contents()
    for path in _candidates(root):
        name = path.relative_to(root).as_posix()
        try:
            _take(contents, name, path)
        except FileNotFoundError:
            continue  # replaced or removed since the folder was listed
        except OSError as error:
            raise BackupFailedError(
                f"cannot read {path}: {error.strerror}", "run it as root"
            ) from error
    if len(contents.parts) > MAX_FILES:
        raise BackupFailedError(
            f"{root / CONFIGURATION} has more than {MAX_FILES} files", "move what is not ours away"
        )
    return contents


def _candidates(root: Path) -> Iterator[Path]:
    top = root / CONFIGURATION
    if not top.is_dir():
        raise BackupFailedError(f"there is no {top}", "run playbooks/site.yml on this host")
    for folder, below, names in os.walk(top, onerror=_cannot):
        below.sort()
        yield from (Path(folder) / name for name in sorted(names))
    yield from (root / name for name in (SNAPSHOT, LEDGER, LEDGER_KEY))


def _cannot(error: OSError) -> None:
    raise BackupFailedError(f"cannot read {error.filename}: {error.strerror}", "run it as root")


def _take(contents: Contents, name: str, path: Path) -> None:
    if path.name.startswith("."):
        return  # a new version of a file, staged beside it
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        contents.left_out.append(f"{name}: no regular file")
        return
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as stream:
        status = os.fstat(stream.fileno())
        content = stream.read(MAX_BYTES + 1)
    reason = _unwanted(name, content, status.st_mode)
    if reason:
        contents.left_out.append(f"{name}: {reason}")
        return
    contents.parts.append((_part(name, content, status), content))


def _unwanted(name: str, content: bytes, mode: int) -> str | None:
    if SECRET in content[:MAX_BYTES].upper():
        return "a private key of backups"
    if not sound_name(name):
        return "its name is not one of ours"
    if len(content) > MAX_BYTES:
        return f"larger than {MAX_BYTES} bytes"
    return "may be written by others" if mode & 0o022 else None


def _part(name: str, content: bytes, status: os.stat_result) -> Part:
    return Part(
        name,
        len(content),
        hashlib.sha256(content).hexdigest(),
        stat.S_IMODE(status.st_mode) & 0o777,
        *_owners(name, status),
    )


def _owners(name: str, status: os.stat_result) -> tuple[str, str]:
    try:
        return pwd.getpwuid(status.st_uid).pw_name, grp.getgrgid(status.st_gid).gr_name
    except KeyError as error:
        raise BackupFailedError(f"/{name} belongs to nobody", "run playbooks/site.yml") from error
