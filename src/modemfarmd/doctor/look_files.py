# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks, files, udev's links, certificates and the clock, as the host has them."""

from __future__ import annotations

import ctypes
import grp
import os
import pwd
import stat
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from modemfarm.apply.host import LINK_FOLDER
from modemfarm.errors import FarmError
from modemfarm.settings import FarmSettings
from modemfarm.snapshot import DEFAULT_PATH as SNAPSHOT
from modemfarm.snapshot import Snapshot

from .expected import CERTIFICATES, expected_files
from .facts import Certificate, Clock, Disk, FileState

DISKS = ("/", "/etc/modemfarm", "/run", "/var/lib/modemfarm", "/var/lib/postgresql", "/var/log")
LONGEST_CERTIFICATE = 1_000_000  # bytes; a chain has 10 kB
# struct timex of adjtimex(2) on 64-bit Linux: `status` behind modes (padded) and four longs.
_TIMEX_BYTES, _STATUS_AT = 208, 40
_UNSYNCHRONISED = 0x0040  # STA_UNSYNC


def disks(root: Path) -> tuple[Disk, ...]:
    """Each file system once, under the shortest of its names."""
    found: dict[int, Disk] = {}
    for name in DISKS:
        path = root / name.lstrip("/")
        with suppress(FileNotFoundError):
            device, numbers = path.stat().st_dev, os.statvfs(path)
            unit = numbers.f_frsize
            found.setdefault(
                device,
                Disk(name, numbers.f_blocks * unit, numbers.f_bavail * unit, numbers.f_files,
                     numbers.f_favail),
            )  # fmt: skip
    return tuple(found.values())


def file_states(
    root: Path, settings: FarmSettings | FarmError, snapshot: Snapshot | FarmError
) -> dict[str, FileState]:
    """State by path of every file that is expected."""
    return {
        expected.path: _state(root, expected.path)
        for expected in expected_files(settings, snapshot)
    }


def _state(root: Path, name: str) -> FileState:
    try:
        found = (root / name.lstrip("/")).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return FileState(name)
    return FileState(
        name, stat.S_IMODE(found.st_mode), _user(found.st_uid), _group(found.st_gid), found.st_mtime
    )


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def link_targets(root: Path) -> Mapping[str, Mapping[str, str]]:
    """Kernel name that each of udev's links leads to, by IMEI and name of the link."""
    found: dict[str, dict[str, str]] = {}
    for link in (root / LINK_FOLDER.relative_to("/")).glob("*/*"):
        with suppress(OSError):  # unplugged meanwhile
            found.setdefault(link.parent.name, {})[link.name] = link.readlink().name
    return found


def certificates(root: Path) -> tuple[Certificate, ...]:
    """Those of the API, where there are any: *.crt and *.pem that are no keys."""
    folder = root / CERTIFICATES.lstrip("/")
    paths = sorted((*folder.glob("*.crt"), *folder.glob("*.pem")))
    read = (_certificate(path, f"{CERTIFICATES}/{path.name}") for path in paths)
    return tuple(item for item in read if item is not None)


def _certificate(path: Path, name: str) -> Certificate | None:
    from cryptography import x509

    try:
        with path.open("rb") as stream:
            content = stream.read(LONGEST_CERTIFICATE)
        if b"PRIVATE KEY" in content and b"CERTIFICATE" not in content:
            return None
        ends = [item.not_valid_after_utc for item in x509.load_pem_x509_certificates(content)]
    except (OSError, ValueError) as error:
        return Certificate(name, None, str(error))
    return Certificate(name, min(ends))


def clock(root: Path, now: Callable[[], float] | None = None) -> Clock:
    """The host's clock beside what it has written so far."""
    written = 0.0
    with suppress(FileNotFoundError):
        written = (root / SNAPSHOT.relative_to("/")).stat().st_mtime
    return Clock(
        now=(now or time.time)(),
        synchronised=synchronised(),
        built=Path(__file__).stat().st_mtime,
        written=written,
    )


def synchronised() -> bool | None:
    """What the kernel says of its clock (adjtimex(2), nothing to change); None where it cannot."""
    buffer = ctypes.create_string_buffer(_TIMEX_BYTES)
    if ctypes.sizeof(ctypes.c_long) != 8 or ctypes.CDLL(None).adjtimex(buffer) < 0:
        return None
    status = ctypes.c_int.from_buffer(buffer, _STATUS_AT).value
    return not status & _UNSYNCHRONISED
