# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode: say what a run would change and where each modem stands now. Reads only."""

import time
from collections.abc import Sequence
from dataclasses import replace

from ..errors import FarmError
from ..settings import FarmSettings
from .activate import fail, profile_change
from .assess import Kind, assess
from .host import Host, Managers
from .networkmanager import NmState
from .plan import Current, compute
from .probe import probe
from .progress import Progress
from .result import FAILED, OFFLINE, SERVING, WAITING, BatchResult
from .verify import mismatch


def predict(
    host: Host,
    settings: FarmSettings,
    current: Current,
    items: Sequence[Progress],
    batch: BatchResult,
) -> None:
    """Fill in the results without touching anything."""
    plan = compute(current, settings, [item.target for item in items])
    by_serial = {item.serial: item for item in items}
    for step in plan.steps:
        batch.diff.append(step.diff())
        if step.serial is None:
            batch.host_changed = True
        else:
            by_serial[step.serial].result.note(step.name)
    for item in items:
        if item.serial in plan.blocked:
            item.end(time.monotonic(), FAILED, *plan.blocked[item.serial])
        else:
            item.end_absent(time.monotonic())
    online = [item for item in items if not item.done]
    if online:
        managers = host.read_managers()
        for item in online:
            _bearer(host, settings, item, managers, batch)


def _bearer(
    host: Host, settings: FarmSettings, item: Progress, managers: Managers, batch: BatchResult
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
        item.result.note("activation")
        item.end(now, WAITING, "check mode: its bearer would be activated", "run without check")
    else:
        _serving(host, settings, item, managers)


def _serving(host: Host, settings: FarmSettings, item: Progress, managers: Managers) -> None:
    usb, slot = item.target.usb, item.target.slot
    if usb is None or not isinstance(managers.network, NmState):
        return
    try:
        wrong = mismatch(slot, usb, managers.network, host.read_kernel(), settings.lan_address)
        if wrong is not None:
            item.result.note("activation")
            item.end(time.monotonic(), FAILED, f"the bearer does not fit: {wrong}", "run again")
            return
        item.result.interface = usb.net
        now = time.monotonic()
        item.result.wan_address = probe(settings.lan_address, slot.port, settings.probe_url, now)
        item.end(time.monotonic(), SERVING, None, None)
    except FarmError as error:
        fail(item, error)
