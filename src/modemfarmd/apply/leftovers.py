# SPDX-License-Identifier: GPL-3.0-or-later
"""At the start of the service: what killed repairs left switched off is switched on."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path

from modemfarm import modem_lock, undo
from modemfarm.apply.host import Host
from modemfarm.apply.leftover import actions
from modemfarm.errors import FarmError, SnapshotError
from modemfarm.snapshot import DEFAULT_PATH as SNAPSHOT
from modemfarm.snapshot import read_snapshot

log = logging.getLogger(__name__)


def settle_leftovers(root: Path = Path("/")) -> None:
    """Settle each note whose modem nobody works on and no operator holds."""
    host = Host(root)
    folder = host.path(undo.FOLDER)
    left = undo.pending(folder)
    held = _held(host.path(SNAPSHOT)) if left else set()
    for serial in left:
        if serial in held:
            log.info("modem %s is held by an operator; what a killed step left stays", serial)
            continue
        try:
            _settle(host, serial, folder)
        except (FarmError, OSError) as error:
            log.warning("modem %s: a killed step could not be undone: %s", serial, error)


def _settle(host: Host, serial: str, folder: Path) -> None:
    locks = host.path(modem_lock.FOLDER)
    with modem_lock.held([serial], 0, "modemfarm-apply at its start", locks) as locked:
        if serial in locked.busy:
            return  # its step is still under way
        done = undo.settle(serial, folder, lambda: actions(host))
        if done is not None:
            log.info("modem %s: the killed step %s is undone", serial, done.step)


def _held(path: Path) -> set[str]:
    try:
        records = read_snapshot(path).modems
    except SnapshotError:
        return set()
    now = datetime.now(UTC)
    return {r.serial for r in records if r.hold is not None and r.hold.active(now)}
