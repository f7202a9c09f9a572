# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply the registry to this host for a batch of modems: the one entry point of modem_apply.

Order: read once, plan, barriers (rules, guard, identity), then proxies, whose start is waited for
together with the bearers. In check mode nothing is written, started or activated.
"""

import time
from collections.abc import Sequence
from pathlib import Path

from ..errors import FarmError
from ..settings import FarmSettings
from ..snapshot import ModemRecord, read_snapshot
from .execute import Execution, begin_proxies, run_barriers
from .guard import Element
from .host import Host
from .plan import ChangeGuard, Current, Plan, Target, compute
from .predict import predict
from .progress import Progress
from .read import read_current
from .result import FAILED, BatchResult, ModemResult
from .wait import Waiter

DEFAULT_WAIT_S = 45


def apply_batch(
    serials: Sequence[str],
    settings_path: str,
    snapshot_path: str,
    wait: int = DEFAULT_WAIT_S,
    check_mode: bool = False,
    host: Host | None = None,
) -> BatchResult:
    """Converge the modems `serials` (all in the snapshot when empty); see modem_apply's RETURN.

    FarmError only for what stops all of them (settings, snapshot, a tool that is not there);
    everything else ends in the modem's own state.
    """
    host = host or Host()
    settings = FarmSettings.load(Path(settings_path))
    records, unknown = read_snapshot(Path(snapshot_path)).select(serials)
    results = {serial: _unknown(serial) for serial in unknown}
    targets: list[Target] = []
    for record in records:
        result, target = _target(host, settings, record)
        results[record.serial] = result
        if target is not None:
            targets.append(target)
    batch = BatchResult(list(results.values()))
    items = [Progress(target, results[target.serial]) for target in targets]
    try:
        if check_mode:
            predict(host, settings, read_current(host, targets), items, batch)
        else:
            _converge(host, settings, items, batch, wait)
    finally:
        host.close()
    return batch


def _target(
    host: Host, settings: FarmSettings, record: ModemRecord
) -> tuple[ModemResult, Target | None]:
    try:
        slot = settings.slot(record.slot)
    except FarmError as error:
        result = ModemResult(record.serial, record.slot, None)
        result.end(FAILED, error.message, f"raise slots on this host; {error.remedy}")
        return result, None
    usb = host.usb(record.usb_path) if record.present and record.usb_path else None
    return ModemResult(record.serial, record.slot, slot.port), Target(record, slot, usb)


def _unknown(serial: str) -> ModemResult:
    result = ModemResult(serial, None, None)
    result.end(FAILED, "it is not in the snapshot of the registry", "see `modemfarm list`")
    return result


def _converge(
    host: Host,
    settings: FarmSettings,
    items: Sequence[Progress],
    batch: BatchResult,
    wait: int,
) -> None:
    began = time.monotonic()
    targets = [item.target for item in items]
    execution = Execution()
    with host.alone():
        current = read_current(host, targets)
        plan = compute(current, settings, targets)
        started = time.monotonic()
        run_barriers(host, plan.steps, execution)
    begin_proxies(host, plan.steps, execution)
    spent = time.monotonic() - started
    for item in items:
        item.result.took("read", started - began)
        item.result.took("static", spent)
        _sort_out(item, plan, execution)
    guard = _guard_after(plan, execution, current)
    Waiter(host, settings, began + wait, execution, guard, batch.diff).run(items)
    _book(execution, items, batch)


def _sort_out(item: Progress, plan: Plan, execution: Execution) -> None:
    """End the modems that must not, or need not, go on to the bearer."""
    now = time.monotonic()
    error = execution.error_of(item.serial)
    if error is not None:
        item.end(now, FAILED, error.message, error.remedy)
    elif item.serial in plan.blocked:
        item.end(now, FAILED, *plan.blocked[item.serial])
    else:
        item.end_absent(now)


def _guard_after(plan: Plan, execution: Execution, current: Current) -> frozenset[Element]:
    """The guard's elements as the barriers have left them."""
    elements = current.guard
    for step in plan.steps:
        if isinstance(step, ChangeGuard) and step in execution.done:
            elements = (elements - step.delete) | step.add
    return elements


def _book(execution: Execution, items: Sequence[Progress], batch: BatchResult) -> None:
    """Write down what was changed, and errors of proxies whose modem is not there."""
    by_serial = {item.serial: item for item in items}
    for step in execution.done:
        batch.diff.append(step.diff())
        if step.serial is None:
            batch.host_changed = True
        else:
            by_serial[step.serial].result.note(step.name)
    for item in items:
        error = execution.error_of(item.serial)
        if error is not None and item.result.state != FAILED:
            item.result.end(FAILED, error.message, error.remedy)
