# SPDX-License-Identifier: GPL-3.0-or-later
"""One call converges a whole batch of modems.

Who is held by an operator is left alone; the others are locked, and converged as their locks are
had: a busy modem never stops its neighbours. In check mode nothing is locked, written or started.
"""

import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from .. import modem_lock
from ..errors import FarmError
from ..settings import FarmSettings
from ..snapshot import ModemRecord, read_snapshot
from .converge import Converger
from .host import Host
from .plan import Target
from .predict import predict
from .progress import Progress
from .result import FAILED, HELD, WAITING, BatchResult, ModemResult
from .wanted import Wanted

DEFAULT_WAIT_S = 45
TURN_S = 1.0  # how long free modems may wait for the lock of a busy one before they go on
# A modem whose lock was had in the last moment gets the time that a bearer takes.
LATE_S = 15.0


def apply_batch(
    serials: Sequence[str],
    settings_path: str,
    snapshot_path: str,
    wait: int = DEFAULT_WAIT_S,
    check_mode: bool = False,
    host: Host | None = None,
    prove: bool = True,
) -> BatchResult:
    """Converge the modems `serials` (all in the snapshot when empty); see modem_apply's RETURN.

    FarmError only for what stops all of them (settings, snapshot, a tool that is not there);
    everything else ends in the modem's own state.
    """
    host = host or Host()
    settings = FarmSettings.load(Path(settings_path))
    snapshot = read_snapshot(Path(snapshot_path))
    records, unknown = snapshot.select(serials)
    results = {serial: _unknown(serial) for serial in unknown}
    items: list[Progress] = []
    wanted = Wanted(host, settings)
    for record in records:
        result, target = _target(wanted, settings, record)
        results[record.serial] = result
        if target is not None:
            items.append(Progress(target, result))
    batch = BatchResult(list(results.values()))
    now = datetime.now(UTC)
    held = [item for item in items if _held(item, now)]
    free = [item for item in items if not item.done]
    try:
        if check_mode:
            predict(host, settings, free, held, batch, prove, snapshot.modems)
        else:
            converger = Converger(
                host, settings, batch, prove, lambda: _targets(wanted, settings, snapshot.modems),
                snapshot.modems,
            )  # fmt: skip
            again = partial(_again, converger, wanted, settings, Path(snapshot_path))
            _in_turns(converger, free, held, wait, again)
    finally:
        host.close()
    return batch


def _in_turns(
    converger: Converger,
    free: Sequence[Progress],
    held: Sequence[Progress],
    wait: int,
    again: Callable[[Sequence[Progress]], None],
) -> None:
    """Converge at once what is free; then what becomes free, until the time is used up.

    `again` takes the registry's newest word about modems that were waited for.
    """
    deadline = time.monotonic() + wait
    left = {item.serial: item for item in free}
    folder = converger.host.path(modem_lock.FOLDER)
    holder = f"modem_apply (process {os.getpid()})"
    patience, first = 0.0, True
    busy: dict[str, str] = {}
    while first or left:
        with modem_lock.held(list(left), patience, holder, folder) as locked:
            busy = locked.busy
            mine = [left.pop(serial) for serial in list(left) if serial in locked.got]
            if not first:
                again(mine)
                held = [item for item in mine if item.result.state == HELD]
                mine = [item for item in mine if not item.done]
            if mine or held or first:
                late = 0.0 if first else LATE_S
                converger.run(mine, held, max(deadline, time.monotonic() + late))
        if time.monotonic() >= deadline:
            break
        patience, first = min(TURN_S, deadline - time.monotonic()), False
    for item in left.values():
        error = modem_lock.busy(item.serial, busy.get(item.serial, "it does not say who it is"))
        item.end(time.monotonic(), WAITING, error.message, error.remedy)


def _again(
    converger: Converger,
    wanted: Wanted,
    settings: FarmSettings,
    snapshot: Path,
    items: Sequence[Progress],
) -> None:
    """While we waited, who was at work may have placed a hold, or put the modem elsewhere."""
    if not items:
        return
    converger.records = read_snapshot(snapshot).modems
    records = {record.serial: record for record in converger.records}
    for item in items:
        record = records.get(item.serial)
        result, target = (
            _target(wanted, settings, record) if record else (_unknown(item.serial), None)
        )
        if target is None:
            item.end(time.monotonic(), result.state, result.reason, result.remedy)
            continue
        item.target = target
        item.result.slot, item.result.port = result.slot, result.port
        _held(item, datetime.now(UTC))


def _held(item: Progress, now: datetime) -> bool:
    """True, and the modem is done, while an operator holds it."""
    hold = item.target.record.hold
    if hold is None or not hold.active(now):
        return False
    usb = item.target.usb
    item.result.interface = usb.net if usb is not None else None
    remedy = f"wait, ask {hold.by}, or `modemfarm release {item.serial}`"
    item.end(time.monotonic(), HELD, str(hold), remedy)
    return True


def _target(
    wanted: Wanted, settings: FarmSettings, record: ModemRecord
) -> tuple[ModemResult, Target | None]:
    try:
        slot = settings.slot(record.slot)
    except FarmError as error:
        result = ModemResult(record.serial, record.slot, None)
        result.end(FAILED, error.message, f"raise slots on this host; {error.remedy}")
        return result, None
    usb = wanted.host.usb(record.usb_path) if record.present and record.usb_path else None
    target = Target(record, slot, usb, wanted.proxy(record, slot))
    return ModemResult(record.serial, record.slot, slot.port), target


def _targets(
    wanted: Wanted, settings: FarmSettings, records: Sequence[ModemRecord]
) -> list[Target]:
    found = (_target(wanted, settings, record)[1] for record in records)
    return [target for target in found if target is not None]


def _unknown(serial: str) -> ModemResult:
    result = ModemResult(serial, None, None)
    result.end(FAILED, "it is not in the snapshot of the registry", "see `modemfarm list`")
    return result
