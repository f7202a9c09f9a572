# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports that are not ours to give away, because a foreign process listens there."""

from __future__ import annotations

import logging

from modemfarm.apply.sockets import Listener, owners, read_listeners
from modemfarm.settings import FarmSettings

log = logging.getLogger(__name__)


class BusySlots:
    """Slots whose port a foreign process holds; each is reported once."""

    def __init__(self, settings: FarmSettings) -> None:
        self._settings = settings
        self._reported: set[int] = set()

    def __call__(self) -> set[int]:
        listeners = read_listeners()
        busy = set()
        for number in range(1, self._settings.slots + 1):
            plan = self._settings.slot(number)
            ports = [plan.port] + ([plan.socks_port] if plan.socks_port else [])
            for port in ports:
                foreign = self._owners(listeners, port) - {plan.uid}
                if foreign:
                    busy.add(number)
                    self._report(number, port, min(foreign))
        self._reported &= busy
        return busy

    def _owners(self, listeners: tuple[Listener, ...], port: int) -> frozenset[int]:
        """Who has the port at any address where the modem's policy may want it."""
        choices = self._settings.listen_choices
        return frozenset().union(*(owners(listeners, address, port) for address in choices))

    def _report(self, slot: int, port: int, uid: int) -> None:
        if slot not in self._reported:
            log.warning("slot %d is not given away: uid %d listens on port %d", slot, uid, port)
            self._reported.add(slot)
