# SPDX-License-Identifier: GPL-3.0-or-later
"""Sees ModemManager come and go on D-Bus: what it numbered before is numbered anew after."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from modemfarm.dbus.connection import SYSTEM_BUS, Bus, BusError, Call
from modemfarm.dbus.wire import MEMBER, WireError
from modemfarm.errors import ToolError
from modemfarm.mm.objects import SERVICE

log = logging.getLogger(__name__)

DBUS = "org.freedesktop.DBus"
RULE = (
    f"type='signal',sender='{DBUS}',interface='{DBUS}',member='NameOwnerChanged',arg0='{SERVICE}'"
)
POLL_S = 2.0  # how late a stop request may be noticed
RETRY_S = 3.0  # a bus that is away is asked again so soon that a change is seen within 5 s


class MmWatch(threading.Thread):
    """Calls `changed(owner)` for each owner of the name, "" when nobody has it; from its thread.

    The owner it finds at the start is no news; that there is none is.
    """

    def __init__(
        self, changed: Callable[[str], None], stop: threading.Event, bus: Path = Path(SYSTEM_BUS)
    ) -> None:
        super().__init__(name="modemmanager", daemon=True)
        self._changed = changed
        self._stop_event = stop
        self._path = bus
        self._owner: str | None = None
        self._failed = False

    def run(self) -> None:
        """Watch until stopped; connect again after each loss."""
        while not self._stop_event.is_set():
            try:
                with Bus(str(self._path)) as bus:
                    self._failed = False
                    self._watch(bus)
            except (ToolError, WireError, OSError) as error:
                level = logging.DEBUG if self._failed else logging.WARNING
                log.log(level, "ModemManager is not watched: %s", error)
                self._failed = True
                self._stop_event.wait(RETRY_S)

    def _watch(self, bus: Bus) -> None:
        bus.subscribe([RULE])
        self._tell(_owner(bus))  # after the subscription: nothing falls between
        while not self._stop_event.is_set():
            for signal in bus.signals(POLL_S):
                if signal.get(MEMBER) == "NameOwnerChanged":
                    name, _, owner = signal.values()
                    if name == SERVICE:
                        self._tell(str(owner))

    def _tell(self, owner: str) -> None:
        before, self._owner = self._owner, owner
        if owner != before and (before is not None or not owner):
            self._changed(owner)


def _owner(bus: Bus) -> str:
    call = Call(DBUS, "/org/freedesktop/DBus", DBUS, "GetNameOwner", "s", (SERVICE,))
    try:
        return str(bus.call(call).values()[0])
    except BusError as error:
        if error.name.endswith("NameHasNoOwner"):
            return ""
        raise
