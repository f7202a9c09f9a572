# SPDX-License-Identifier: GPL-3.0-or-later
"""The host around the farm: disks, clock, modes of files, certificates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta

from ..check import Said, fault, warning
from ..expected import Expected, expected_files
from ..facts import Disk, Facts

FULL, LOW = 0.03, 0.10  # of a file system's bytes or inodes that are free
LEAST_BYTES = 64_000_000  # PostgreSQL's log comes in files of 16 MB
SMALL_BYTES = 512_000_000  # /run and the like: a share says it, not a number of bytes
AHEAD_S = 120.0  # a file written by a host whose clock was stepped a little is no fault
EXPIRES_SOON = timedelta(days=21)


def _full(facts: Facts) -> Iterator[Said]:
    for disk in facts.disks:
        if _is_full(disk):
            yield disk.path, _words(disk), _ROOM.format(path=disk.path)


def _low(facts: Facts) -> Iterator[Said]:
    for disk in facts.disks:
        if not _is_full(disk) and _free(disk) < LOW:
            yield disk.path, _words(disk), _ROOM.format(path=disk.path)


_ROOM = (
    "find what grew: du -xh --max-depth=2 {path} | sort -h | tail; journalctl --vacuum-size=200M"
)


def _is_full(disk: Disk) -> bool:
    few = disk.size > SMALL_BYTES and disk.free < LEAST_BYTES
    return few or _free(disk) < FULL


def _free(disk: Disk) -> float:
    """The smaller share: of bytes, or of inodes where the file system counts them."""
    space = disk.free / disk.size if disk.size else 1.0
    return min(space, disk.inodes_free / disk.inodes) if disk.inodes else space


def _words(disk: Disk) -> str:
    inodes = f", {disk.inodes_free} of {disk.inodes} inodes" if disk.inodes else ""
    return f"{disk.free // 1_000_000} of {disk.size // 1_000_000} MB are free{inodes}"


def _unsynchronised(facts: Facts) -> Iterator[Said]:
    if facts.clock.synchronised is False:
        yield (
            "",
            "nothing keeps the host's clock right; logs of the farm and of carriers drift apart",
            "apt-get install chrony (or systemd-timesyncd) and give it a time server",
        )


def _behind(facts: Facts) -> Iterator[Said]:
    clock = facts.clock
    newest = max(clock.built, clock.written)
    if clock.now + AHEAD_S < newest:
        shown, seen = (
            datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
            for at in (clock.now, newest)
        )
        yield (
            "",
            f"the clock says {shown}, and the host has files of {seen}: it was set back",
            "set the clock (timedatectl set-time, or a time server), then restart modemfarm-agent",
        )


def _file_modes(facts: Facts) -> Iterator[Said]:
    for expected in expected_files(facts.settings, facts.snapshot):
        file = facts.files.get(expected.path)
        if file is None or file.mode is None:
            continue
        found = (file.mode, file.owner, file.group)
        if found != (expected.mode, expected.owner, expected.group):
            yield (
                expected.path,
                f"it is {file.owner}:{file.group} {file.mode:04o}, and should be"
                f" {expected.owner}:{expected.group} {expected.mode:04o}",
                f"chown {expected.owner}:{expected.group} {expected.path} &&"
                f" chmod {expected.mode:04o} {expected.path}",
            )


def _missing_files(facts: Facts) -> Iterator[Said]:
    for expected in expected_files(facts.settings, facts.snapshot):
        file = facts.files.get(expected.path)
        if not expected.optional and file is not None and file.mode is None:
            yield expected.path, f"it is gone; {expected.use}", _how(expected)


def _how(expected: Expected) -> str:
    if expected.path.startswith("/run/"):
        return "systemd-tmpfiles --create, then restart modemfarm-agent"
    return "run playbooks/site.yml for this host"


def _certificates(
    wrong: Callable[[datetime, datetime], bool], words: str
) -> Callable[[Facts], Iterable[Said]]:
    def found(facts: Facts) -> Iterator[Said]:
        now = datetime.fromtimestamp(facts.clock.now, UTC)
        for item in facts.certificates:
            if item.until is not None and wrong(now, item.until):
                yield (
                    item.path,
                    f"{words} {item.until.isoformat(timespec='seconds')}",
                    "renew it, put it there, and restart modemfarm-api",
                )

    return found


def _unreadable_certificates(facts: Facts) -> Iterator[Said]:
    for item in facts.certificates:
        if item.problem is not None:
            yield item.path, f"it is no certificate: {item.problem}", "put a PEM certificate there"


CHECKS = (
    fault("disk-full", "no disk of the farm is full", _full),
    warning("disk-low", "every disk of the farm has a tenth free", _low),
    warning("clock", "something keeps the clock right", _unsynchronised),
    fault("clock-back", "the clock is not behind the host's own files", _behind),
    fault(
        "file-mode", "files belong to whom they should, with the mode they should have", _file_modes
    ),
    fault("file-missing", "every file and folder that site.yml makes is there", _missing_files),
    fault(
        "certificate-expired",
        "no certificate has expired",
        _certificates(lambda now, until: until <= now, "it expired at"),
    ),
    warning(
        "certificate-expires",
        f"no certificate expires within {EXPIRES_SOON.days} days",
        _certificates(lambda now, until: now < until <= now + EXPIRES_SOON, "it expires at"),
    ),
    fault("certificate", "every certificate can be read", _unreadable_certificates),
)
