# SPDX-License-Identifier: GPL-3.0-or-later
"""What a look at the host found, as plain values. What could not be looked at is an error there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from modemfarm.apply.kernel import KernelState
from modemfarm.apply.result import BatchResult
from modemfarm.apply.rules import Rule
from modemfarm.apply.sockets import Listener
from modemfarm.apply.systemd import UnitState
from modemfarm.errors import FarmError
from modemfarm.settings import FarmSettings
from modemfarm.snapshot import Snapshot
from modemfarm.usb import UsbModem
from modemfarm.usbplan.plan import Plan

_T = TypeVar("_T")


@dataclass(frozen=True)
class FileState:
    """One file or folder: its mode bits (permissions, set-id, sticky) and owners by name.

    mode is None where it is not there.
    """

    path: str
    mode: int | None = None
    owner: str = ""
    group: str = ""
    changed_at: float = 0.0


@dataclass(frozen=True)
class Disk:
    """One file system: bytes and inodes, in all and free for users; inodes 0 where it has none."""

    path: str
    size: int
    free: int
    inodes: int
    inodes_free: int


@dataclass(frozen=True)
class Clock:
    """Unix times in seconds. synchronised as the kernel says, None where it does not.

    built: when this program was installed; written: the newest time on the host's own files.
    """

    now: float
    synchronised: bool | None
    built: float
    written: float


@dataclass(frozen=True)
class Certificate:
    """One certificate on the disk; `problem` says why it could not be read."""

    path: str
    until: datetime | None
    problem: str | None = None


@dataclass(frozen=True)
class Registered:
    """What the database says: its schema, the schema that we want, and slots by IMEI."""

    version: int
    wanted: int
    slots: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """One look. `batch` is what `modem_apply` would change (its check mode), `agent` the answer of
    the agent to `status`, `links` the targets of udev's links by IMEI and name, `parameters` the
    kernel's, by their names below /proc/sys.
    """

    settings: FarmSettings | FarmError
    snapshot: Snapshot | FarmError
    usb: Plan
    modems: tuple[UsbModem, ...]
    batch: BatchResult | FarmError
    units: Mapping[str, UnitState] | FarmError
    rules: frozenset[Rule] | FarmError
    kernel: KernelState | FarmError
    listeners: tuple[Listener, ...]
    links: Mapping[str, Mapping[str, str]]
    parameters: Mapping[str, str]
    agent: Mapping[str, Any] | FarmError
    registered: Registered | FarmError
    disks: tuple[Disk, ...]
    files: Mapping[str, FileState]
    certificates: tuple[Certificate, ...]
    clock: Clock


def known(value: _T | FarmError) -> _T | None:
    """The value, None where it could not be looked at (a check of its own says that)."""
    return None if isinstance(value, FarmError) else value
