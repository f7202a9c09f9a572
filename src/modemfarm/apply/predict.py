# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode: what a run would change and how the modems stand, without a single write.

What the host has lost and what differs statically is said first, so that a modem that waits, or a
service without answer, hides nothing.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

from ..errors import FarmError
from ..settings import FarmSettings
from ..snapshot import ModemRecord
from .activate import fail, profile_change
from .assess import Kind, assess
from .fallback import degraded_words
from .host import Host, Managers
from .lost import lost_words
from .networkmanager import NmState
from .plan import Current, compute
from .probe import probe
from .progress import Progress
from .read import read_current
from .result import DEGRADED, FAILED, OFFLINE, SERVING, WAITING, BatchResult
from .steps import ChangeStopped
from .verify import difference, twin


def predict(
    host: Host,
    settings: FarmSettings,
    items: Sequence[Progress],
    held: Sequence[Progress],
    batch: BatchResult,
    prove: bool,
    records: Sequence[ModemRecord] | None = None,
) -> None:
    """Fill in the results without touching anything; `prove` sends a request through each port."""
    current = read_current(host, settings, [item.target for item in items])
    batch.host += lost_words(current, settings)
    batch.guard_drops = host.read_guard_drops()
    _static(settings, current, items, held, batch, records)
    online = [item for item in items if not item.done]
    if online:
        managers = host.read_managers()
        for item in online:
            _bearer(host, settings, item, managers, batch, prove)


def _static(
    settings: FarmSettings,
    current: Current,
    items: Sequence[Progress],
    held: Sequence[Progress],
    batch: BatchResult,
    records: Sequence[ModemRecord] | None,
) -> None:
    away = [item.target for item in held if not item.target.online]
    plan = compute(current, settings, [item.target for item in items], away, records)
    by_serial = {item.serial: item for item in (*items, *held)}
    for step in plan.steps:
        batch.diff.append(step.diff())
        if step.serial is None:
            batch.host_changed = True
            if isinstance(step, ChangeStopped):
                batch.host.append(step.name)
        else:
            by_serial[step.serial].result.note(step.name)
    for item in items:
        item.degraded = degraded_words(current.config(item.target), item.target)
        if current.units_error is not None:
            fail(item, current.units_error)
        elif item.serial in plan.blocked:
            item.end(time.monotonic(), FAILED, *plan.blocked[item.serial])
        else:
            item.end_absent(time.monotonic())


def _bearer(
    host: Host,
    settings: FarmSettings,
    item: Progress,
    managers: Managers,
    batch: BatchResult,
    prove: bool,
) -> None:
    now = time.monotonic()
    verdict = assess(item.serial, item.usb_path, item.target.usb, managers)
    item.verdict = verdict
    if verdict.kind in (Kind.WAIT, Kind.FAIL, Kind.OFFLINE):
        state = {Kind.WAIT: WAITING, Kind.FAIL: FAILED, Kind.OFFLINE: OFFLINE}[verdict.kind]
        item.end(now, state, verdict.reason, verdict.remedy)
        return
    try:
        change = profile_change(host, settings, item)
    except FarmError as error:
        fail(item, error)
        return
    if change is not None:
        item.result.note("profile")
        batch.diff.append(change)
        item.verdict = replace(verdict, kind=Kind.ACTIVATE)
    if item.verdict.kind is Kind.ACTIVATE:
        item.result.note("bearer")
        item.end(now, WAITING, "check mode: its bearer would be activated", "run without check")
    else:
        _serving(host, settings, item, managers, prove)


def _serving(
    host: Host, settings: FarmSettings, item: Progress, managers: Managers, prove: bool
) -> None:
    usb, slot = item.target.usb, item.target.slot
    if usb is None or not isinstance(managers.network, NmState):
        return
    try:
        kernel = host.read_kernel()
        wrong = difference(slot, usb, managers.network, kernel, settings.listen_choices)
        if wrong is not None:
            item.result.note(wrong[0])
            reason = f"the bearer does not fit: {wrong[1]}"
            item.end(time.monotonic(), FAILED, reason, "run again")
            return
        item.result.interface = usb.net
        if prove:
            url, second = settings.probe_url, settings.second_probe_url
            listen = item.target.listen(settings)
            item.result.wan_address = probe(listen, slot.port, url, time.monotonic(), second)
        if item.degraded is not None:
            item.end(time.monotonic(), DEGRADED, *item.degraded)
        else:
            item.end(time.monotonic(), SERVING, twin(usb, kernel), None)
    except FarmError as error:
        fail(item, error)
