# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds as the agent keeps them: on disk first, then in the registry, and ended when they end.

Runs in the worker's thread. The snapshot is the truth: root honours what is there, and it is there
without the database too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from modemfarm.errors import FarmError, InvalidValueError, TransientError
from modemfarm.hold import LONGEST, Hold
from modemfarm.snapshot import ModemRecord

from .applier import Applier
from .farm import Farm, Modem
from .publisher import Publisher
from .states import State
from .store import Store

log = logging.getLogger(__name__)

JUMP = timedelta(seconds=60)  # NTP slews what is less, and nobody's hold is meant to the second


class NotOnDiskError(TransientError):
    """A hold that root would not see was not placed."""


class Holds:
    """Places, releases and ends holds; `now` gives UTC, `clock` monotonic seconds.

    Where the clock is set, a hold goes on for as long as was said: nobody's work ends by that.
    """

    def __init__(
        self,
        farm: Farm,
        store: Store,
        publisher: Publisher,
        applier: Applier,
        now: Callable[[], datetime],
        clock: Callable[[], float],
    ) -> None:
        self._farm = farm
        self._store = store
        self._publisher = publisher
        self._applier = applier
        self._now = now
        self._clock = clock
        self._offset = self._read_offset()
        self._reconciled = self._loaded = False
        # Called with the USB path of a modem whose SIM may be opened from now on.
        self.ask_again: Callable[[str], None] = lambda _: None

    def load(self, records: Iterable[ModemRecord]) -> None:
        """Take the holds of an earlier run from the snapshot. Not called when it cannot be read."""
        self._loaded = True
        for record in records:
            modem = self._farm.modems.get(record.serial)
            if modem is not None:
                modem.hold = record.hold

    def place(self, serial: str, hold: Hold) -> None:
        """Returns when it is on disk. InvalidValueError, NotOnDiskError."""
        modem = self._farm.registered(serial)
        before = modem.hold
        self._on_disk(modem, hold, before)
        self._store.hold(serial, hold, hold.by)
        self._store.event("held", serial, **hold.as_dict())
        self._show(modem)

    def release(self, serial: str, by: str) -> None:
        """Returns when it is on disk. InvalidValueError where nothing is held."""
        modem = self._farm.registered(serial)
        before = modem.hold
        if before is None or not before.active(self._now()):
            raise InvalidValueError("serial", serial, "a modem that is held")
        self._on_disk(modem, None, before)
        self._store.hold(serial, None, by)
        self._store.event("released", serial, by=by, held_by=before.by)
        self._end(modem)

    def turn(self) -> None:
        """End the holds whose time is over."""
        self._follow_the_clock()
        now = self._now()
        over = []
        for modem in self._farm.modems.values():
            if modem.hold is not None and not modem.hold.active(now):
                self._store.event("hold-expired", modem.serial, **modem.hold.as_dict())
                modem.hold = None
                over.append(modem)
        if over:
            self._publisher.changed()
            self._publisher.turn()  # on disk before anybody hears of it
        for modem in over:
            self._end(modem)

    def _read_offset(self) -> datetime:
        return self._now() - timedelta(seconds=self._clock())

    def _follow_the_clock(self) -> None:
        before, self._offset = self._offset, self._read_offset()
        jump = self._offset - before
        if abs(jump) < JUMP:
            return
        self._store.event("clock-set", None, seconds=round(jump.total_seconds()))
        then = self._now() - jump
        for modem in self._farm.modems.values():
            # One that is longer than any can be was placed by a clock that was right.
            if modem.hold is not None and then < modem.hold.until <= then + LONGEST:
                modem.hold = replace(modem.hold, until=modem.hold.until + jump)
                self._store.hold(modem.serial, modem.hold, modem.hold.by)
                self._publisher.changed()

    def active(self) -> dict[str, Hold]:
        """What is held now."""
        now = self._now()
        return {
            serial: modem.hold
            for serial, modem in self._farm.modems.items()
            if modem.hold is not None and modem.hold.active(now)
        }

    def of(self, serial: str) -> Hold | None:
        """The hold of a modem now, None when there is none; from any thread."""
        modem = self._farm.modems.get(serial)
        hold = None if modem is None else modem.hold
        return hold if hold is not None and hold.active(self._now()) else None

    def reconcile(self) -> None:
        """Once, when the registry can be read: make it say what the snapshot says.

        The agent before us may have ended before it wrote what it had put on the disk. Where the
        snapshot is lost, the registry's word is all there is.
        """
        if self._reconciled or (kept := self._store.active_holds(self._now())) is None:
            return
        self._reconciled = True
        if not self._loaded:
            self._adopt(kept)
        ours = self.active()
        for serial, hold in ours.items():
            if kept.get(serial) != hold:
                self._store.hold(serial, hold, hold.by)
        for serial in kept.keys() - ours.keys():
            self._store.hold(serial, None, "agent")

    def _adopt(self, kept: Mapping[str, Hold]) -> None:
        for serial, hold in kept.items():
            modem = self._farm.modems.get(serial)
            if modem is not None and modem.hold is None:
                log.warning("%s is %s, says the registry", serial, hold)
                modem.hold = hold
                self._publisher.changed()

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
        if modem.seen.present and modem.seen.imsi is None and modem.seen.usb_path is not None:
            self.ask_again(modem.seen.usb_path)
