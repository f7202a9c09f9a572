# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry as a file (/var/lib/modemfarm/modems.json), for all who must work without it.

The agent writes it after each change; root reads it, so nothing in it is believed unchecked.
"""

import dataclasses
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import hold as holds
from .errors import InvalidValueError, SnapshotError
from .hold import Hold
from .identity import check_apn, check_iccid, check_serial, check_usb_path
from .proxy.policy import checked as check_policy
from .proxy.quota import check_state as check_quota
from .settings import MAX_SLOTS

DEFAULT_PATH = Path("/var/lib/modemfarm/modems.json")
VERSION = 1
# 120 modems need 20 kB; the writer is less privileged than the reader, so the reader has a limit.
MAX_BYTES = 1_000_000


@dataclass(frozen=True)
class ModemRecord:
    """One modem as the registry sees it. usb_path is where it was seen, None when never.

    sim_open: the agent has read the IMSI since it was plugged in, so no PIN is wanted.
    policy: what its proxy does otherwise than the farm's, a document of proxy.policy.
    quota: "soft" or "hard" while it has used up its volume; with "hard" nobody new gets in.
    hold: an operator is at work, and while it is active nothing writes to the modem by itself.
    """

    serial: str
    slot: int
    usb_path: str | None = None
    iccid: str | None = None
    apn: str | None = None
    present: bool = False
    sim_open: bool = False
    hold: Hold | None = None
    policy: Mapping[str, Any] | None = None
    quota: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `parse_snapshot` reads them."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return values | {"hold": None if self.hold is None else self.hold.as_dict()}


@dataclass(frozen=True)
class Snapshot:
    """All modems of one host, ordered by slot; serials, slots and places are unique."""

    host: str
    modems: tuple[ModemRecord, ...]

    def select(self, serials: Iterable[str]) -> tuple[tuple[ModemRecord, ...], tuple[str, ...]]:
        """The records of `serials` (of all modems when it is empty) and the serials without one.

        InvalidValueError for what is not a serial at all.
        """
        wanted = {check_serial(serial) for serial in serials}
        if not wanted:
            return self.modems, ()
        found = tuple(record for record in self.modems if record.serial in wanted)
        return found, tuple(sorted(wanted - {record.serial for record in found}))


def read_snapshot(path: Path = DEFAULT_PATH) -> Snapshot:
    """Read and check the file; SnapshotError says what is wrong with it."""
    try:
        with Path(path).open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise SnapshotError(
            f"cannot read {path}: {error.strerror}", "start modemfarm-agent, it writes the file"
        ) from error
    if len(raw) > MAX_BYTES:
        raise SnapshotError(f"{path} is longer than {MAX_BYTES} bytes", "restart modemfarm-agent")
    try:
        return parse_snapshot(json.loads(raw))
    except (ValueError, RecursionError) as error:
        raise SnapshotError(f"{path} is not JSON: {error}", "restart modemfarm-agent") from error
    except InvalidValueError as error:
        raise SnapshotError(f"{path}: {error.message}", error.remedy) from error


def write_snapshot(snapshot: Snapshot, path: Path = DEFAULT_PATH) -> None:
    """Replace the file as a whole: readers see the old or the new one, also after a power cut."""
    document = {
        "version": VERSION,
        "host": snapshot.host,
        "modems": [record.as_dict() for record in snapshot.modems],
    }
    parse_snapshot(document)  # never write what read_snapshot would refuse
    path = Path(path)
    handle, name = tempfile.mkstemp(prefix=".modems-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            json.dump(document, stream, separators=(",", ":"))
            stream.write("\n")
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Who was told that a hold is on the disk must not lose it with the power: so is the name."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def parse_snapshot(document: object) -> Snapshot:
    """Check a parsed document; InvalidValueError names the field."""
    if not isinstance(document, Mapping):
        raise InvalidValueError("the document", type(document).__name__, "a JSON object")
    if document.get("version") != VERSION:
        raise InvalidValueError("version", document.get("version"), str(VERSION))
    host = document.get("host")
    if not isinstance(host, str) or not host or not host.isprintable():
        raise InvalidValueError("host", host, "the name of the host")
    rows = document.get("modems")
    if not isinstance(rows, list):
        raise InvalidValueError("modems", type(rows).__name__, "a list")
    records = tuple(sorted((_record(row) for row in rows), key=lambda record: record.slot))
    _unique("serial", [record.serial for record in records])
    _unique("slot", [record.slot for record in records])
    _unique("usb_path", [r.usb_path for r in records if r.present and r.usb_path is not None])
    return Snapshot(host, records)


def _record(row: object) -> ModemRecord:
    if not isinstance(row, Mapping):
        raise InvalidValueError("a modem", type(row).__name__, "a JSON object")
    names = {field.name for field in dataclasses.fields(ModemRecord)}
    for name in row:
        if name not in names:
            raise InvalidValueError("field name", name, ", ".join(sorted(names)))
    slot = row.get("slot")
    if not isinstance(slot, int) or isinstance(slot, bool) or not 1 <= slot <= MAX_SLOTS:
        raise InvalidValueError("slot", slot, f"an integer from 1 to {MAX_SLOTS}")
    return ModemRecord(
        serial=check_serial(row.get("serial")),
        slot=slot,
        usb_path=_optional(row, "usb_path", check_usb_path),
        iccid=_optional(row, "iccid", check_iccid),
        apn=_optional(row, "apn", check_apn),
        policy=None if row.get("policy") is None else check_policy(row["policy"]),
        quota=_optional(row, "quota", check_quota),
        present=_flag(row, "present"),
        sim_open=_flag(row, "sim_open"),
        hold=None if row.get("hold") is None else holds.parse(row["hold"]),
    )


def _flag(row: Mapping[str, Any], name: str) -> bool:
    value = row.get(name, False)
    if not isinstance(value, bool):
        raise InvalidValueError(name, value, "true or false")
    return value


def _optional(row: Mapping[str, Any], name: str, check: Any) -> str | None:
    value = row.get(name)
    return None if value is None else str(check(value, name))


def _unique(field: str, values: list[Any]) -> None:
    for value in values:
        if values.count(value) > 1:
            raise InvalidValueError(field, value, "a value that no other modem has")
