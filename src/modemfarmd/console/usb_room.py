# SPDX-License-Identifier: GPL-3.0-or-later
"""How many modems this host's USB controllers still take, as `modemfarm usb-plan` says."""

from __future__ import annotations

import logging
import time
from typing import Any

from modemfarm.usbplan.journal import KernelLog
from modemfarm.usbplan.plan import as_document, make_plan
from modemfarm.usbplan.sysfs import SYSFS

log = logging.getLogger("modemfarm.console")

KEPT_S = 60.0
_kept: dict[str, tuple[float, list[dict[str, Any]] | str]] = {}


def read_room() -> list[dict[str, Any]] | str:
    """Controllers as in `usb-plan --json`, or why there is nothing to show. Takes some time."""
    at, found = _kept.get("room", (0.0, ""))
    if at and time.monotonic() - at < KEPT_S:
        return found
    try:
        kernel = KernelLog("none", problem="the console does not read the kernel's log")
        room: list[dict[str, Any]] | str = as_document(make_plan(SYSFS, {}, kernel))["controllers"]
    except (OSError, ValueError) as error:
        log.warning("no plan of USB: %s", error)
        room = f"Not known here: {error}. On the host: modemfarm usb-plan"
    _kept["room"] = (time.monotonic(), room)
    return room
