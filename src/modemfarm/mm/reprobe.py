# SPDX-License-Identifier: GPL-3.0-or-later
"""Let ModemManager drop a modem and take it up again, without touching the others.

InhibitDevice (introspection of org.freedesktop.ModemManager1): the inhibition belongs to the bus
connection that asked for it and ends with it, so both calls are made on one.
"""

import time
from collections.abc import Callable

from ..dbus.connection import Bus, BusError, Call
from ..errors import CommandTimeoutError, FarmError
from .failures import explain
from .find import find, modems
from .objects import INITIALIZING, ROOT, SERVICE, SIGNALS, UNKNOWN, MmModem

INHIBIT_S = 60.0  # the modem is disabled first: its bearer goes down, some commands are sent
# Initialising takes 3 s; on an emulated host with 30 modems being probed 80 s were seen.
BACK_S = 120.0
LOOK_S = 1.0  # signals wake us; a missed one costs this


def reprobe(
    serial: str | None, usb_path: str | None = None, bus: Callable[[], Bus] = Bus
) -> MmModem:
    """Do it and return the new object, initialised. Its bearer has gone: it has to be activated.

    A modem that ModemManager does not show cannot be taken up this way (ToolError by `find`).
    CommandTimeoutError when it does not come back.
    """
    with bus() as opened:
        before = find(opened, serial, usb_path)
        opened.subscribe(SIGNALS)
        for inhibit in (True, False):
            _inhibit(opened, before, inhibit)
        return _wait(opened, before)


def _inhibit(bus: Bus, modem: MmModem, inhibit: bool) -> None:
    call = Call(SERVICE, ROOT, SERVICE, "InhibitDevice", "sb", (modem.device, inhibit))
    try:
        bus.call(call, INHIBIT_S)
    except BusError as error:
        raise explain(error, modem.imei, "reprobe") from error


def _wait(bus: Bus, before: MmModem) -> MmModem:
    deadline = time.monotonic() + BACK_S
    while time.monotonic() < deadline:
        found = modems(bus).get(before.usb_path)
        if found is not None and _is_back(found, before):
            return found
        bus.signals(LOOK_S)
    raise _missing(before)


def _is_back(found: MmModem, before: MmModem) -> bool:
    ready = found.state not in (UNKNOWN, INITIALIZING)
    return ready and found.path != before.path and found.imei == before.imei


def _missing(modem: MmModem) -> FarmError:
    return CommandTimeoutError(
        f"ModemManager does not show modem {modem.imei} again within {BACK_S:g} s",
        "try the next step of the ladder; see `journalctl -u ModemManager`",
    ).about(modem.imei, "reprobe")
