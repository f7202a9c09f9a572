# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds as the agent keeps them: on disk first, then in the registry, and ended when they end.

Runs in the worker's thread. The snapshot is the truth: root honours what is there, and it is there
without the database too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from modemfarm.errors import FarmError, InvalidValueError, TransientError
from modemfarm.hold import Hold
from modemfarm.snapshot import ModemRecord

from .applier import Applier
from .farm import Farm, Modem
from .publisher import Publisher
from .states import State
from .store import Store

log = logging.getLogger(__name__)


class NotOnDiskError(TransientError):
    """A hold that root would not see was not placed."""


class Holds:
    """Places, releases and ends holds; `now` gives UTC."""

    def __init__(
        self,
        farm: Farm,
        store: Store,
        publisher: Publisher,
        applier: Applier,
        now: Callable[[], datetime],
    ) -> None:
        self._farm = farm
        self._store = store
        self._publisher = publisher
        self._applier = applier
        self._now = now
        self._reconciled = False

    def load(self, records: Iterable[ModemRecord]) -> None:
        """Take the holds of an earlier run from the snapshot."""
        for record in records:
            modem = self._farm.modems.get(record.serial)
            if modem is not None:
                modem.hold = record.hold

    def place(self, serial: str, hold: Hold) -> None:
        """Returns when it is on disk. InvalidValueError, NotOnDiskError."""
        modem = self._modem(serial)
        before = modem.hold
        self._on_disk(modem, hold, before)
        self._store.hold(serial, hold, hold.by)
        self._store.event("held", serial, **hold.as_dict())
        self._show(modem)

    def release(self, serial: str, by: str) -> None:
        """Returns when it is on disk. InvalidValueError where nothing is held."""
        modem = self._modem(serial)
        before = modem.hold
        if before is None or not before.active(self._now()):
            raise InvalidValueError("serial", serial, "a modem that is held")
        self._on_disk(modem, None, before)
        self._store.hold(serial, None, by)
        self._store.event("released", serial, by=by, held_by=before.by)
        self._end(modem)

    def turn(self) -> None:
        """End the holds whose time is over."""
        now = self._now()
        for modem in self._farm.modems.values():
            if modem.hold is not None and not modem.hold.active(now):
                self._store.event("hold-expired", modem.serial, **modem.hold.as_dict())
                modem.hold = None
                self._publisher.changed()
                self._end(modem)

    def active(self) -> dict[str, Hold]:
        """What is held now."""
        now = self._now()
        return {
            serial: modem.hold
            for serial, modem in self._farm.modems.items()
            if modem.hold is not None and modem.hold.active(now)
        }

    def reconcile(self) -> None:
        """Once, when the registry can be read: make it say what the snapshot says.

        The agent before us may have ended before it wrote what it had put on the disk.
        """
        if self._reconciled or (kept := self._store.active_holds(self._now())) is None:
            return
        self._reconciled = True
        ours = self.active()
        for serial, hold in ours.items():
            if kept.get(serial) != hold:
                self._store.hold(serial, hold, hold.by)
        for serial in kept.keys() - ours.keys():
            self._store.hold(serial, None, "agent")

    def _modem(self, serial: str) -> Modem:
        modem = self._farm.modems.get(serial)
        if modem is None or modem.place is None:
            known = ", ".join(sorted(s for s, m in self._farm.modems.items() if m.place))
            raise InvalidValueError(
                "serial", serial, f"a modem of this host: {known or 'none yet'}"
            )
        return modem

    def _on_disk(self, modem: Modem, hold: Hold | None, before: Hold | None) -> None:
        modem.hold = hold
        try:
            self._publisher.write()
        except (OSError, FarmError) as error:
            modem.hold = before
            self._publisher.changed()
            raise NotOnDiskError(
                f"the hold of {modem.serial} is as before, the snapshot cannot be written: {error}",
                "make room on the disk of /var/lib/modemfarm",
            ) from error

    def _show(self, modem: Modem) -> None:
        if modem.hold is not None and self._farm.enter(
            modem.serial, State.HELD, str(modem.hold), f"modemfarm release {modem.serial}"
        ):
            self._store.observe(modem.seen)

    def _end(self, modem: Modem) -> None:
        if self._farm.enter(modem.serial, State.APPLYING, "a hold has ended", None):
            self._store.observe(modem.seen)
        self._applier.add([modem.serial])
