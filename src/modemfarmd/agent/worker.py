# SPDX-License-Identifier: GPL-3.0-or-later
"""The one thread that decides: looks at what was named, remembers, writes, has it applied.

Everything else (udev, scan, LISTEN, identification, apply jobs, health) runs in threads that only
post to the inbox. Level-triggered: a key says where to look, never what happened.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from modemfarm.errors import FarmError
from modemfarm.snapshot import Snapshot

from .applier import Applier
from .bus import Glance
from .farm import Changes, Device, Farm, Found, Modem
from .identify import Answer
from .inbox import Inbox
from .queue import KeyQueue
from .store import Store
from .vitals import Vitals

log = logging.getLogger(__name__)

RESYNC_S = 60.0
SNAPSHOT_RETRY_S = 5.0  # a full disk is not emptied within a second
IDLE_S = 5.0  # the longest sleep: how late systemd's watchdog is fed


class BusReader(Protocol):
    """What the worker needs of agent.bus.Bus."""

    def paths(self) -> set[str]:
        """USB paths of all modems there."""

    def glance(self, path: str) -> Glance | None:
        """The modem at a path, cheaply."""

    def device(self, path: str) -> Device | None:
        """The modem at a path."""

    def ready(self, device: Device) -> bool:
        """True when it needs no time to settle."""


class Worker:
    """See the module's text. `step` does what is due; `run` does steps until stopped."""

    def __init__(
        self,
        host: str,
        bus: BusReader,
        farm: Farm,
        store: Store,
        inbox: Inbox,
        applier: Applier,
        vitals: Vitals,
        identify: Callable[[Device], None],
        write_snapshot: Callable[[Snapshot], None],
        clock: Callable[[], float],
    ) -> None:
        self.farm = farm
        self.places = KeyQueue(clock)
        self._host = host
        self._bus = bus
        self._store = store
        self._inbox = inbox
        self._applier = applier
        self._vitals = vitals
        self._identify = identify
        self._write_snapshot = write_snapshot
        self._clock = clock
        self._found: dict[str, Found] = {}
        self._refusals: dict[str, str] = {}
        self._next_resync = clock()
        self._snapshot_due: float | None = clock()

    # What other threads call: each posts, none touches the state.

    def name_serial(self, serial: str, backend: int) -> None:
        """The registry says that a row changed; our own writes are not news."""
        self._inbox.post(lambda: self._row_changed(serial, backend))

    def name_all(self) -> None:
        """Look at everything soon."""
        self._inbox.post(self._resync_soon)

    def answered(self, answer: Answer) -> None:
        """An identification ended."""
        self._inbox.post(lambda: self._answered(answer))

    # The loop.

    def run(self, stop: threading.Event, beat: Callable[[str], None]) -> None:
        """Step until stopped; `beat` gets a line of status each time."""
        while not stop.is_set():
            beat(self.status())
            self.take_in(*self._inbox.drain(self.step()))

    def apply_all(self) -> None:
        """Have every known modem applied: at start nobody knows what happened meanwhile."""
        self._to_apply(list(self.farm.modems))

    def take_in(self, paths: set[str], tasks: list[Callable[[], None]]) -> None:
        """What the inbox held."""
        for path in paths:
            self._named(path)
        for task in tasks:
            task()

    def status(self) -> str:
        """One line for systemctl status."""
        modems = self.farm.modems.values()
        present = sum(modem.seen.present for modem in modems)
        serving = sum(modem.seen.state == "serving" for modem in modems)
        away = "" if self._store.reachable else ", database away"
        return f"{serving} serving of {present} present, {len(self.farm.modems)} known{away}"

    def step(self) -> float:
        """Do all that is due now; the seconds until more is due (at most IDLE_S)."""
        now = self._clock()
        if now >= self._next_resync:
            self._next_resync = now + RESYNC_S
            self._resync()
        self._look()
        self._write()
        self._start_applies()
        waits = [
            self.places.wait(),
            self._store.wait(),
            self._next_resync - self._clock(),
            # Nothing is applied before the snapshot is written.
            self._applier.wait(self._neighbours_coming)
            if self._snapshot_due is None
            else self._snapshot_due - self._clock(),
        ]
        return max(0.0, min(wait for wait in (*waits, IDLE_S) if wait is not None))

    # Looking.

    def _resync_soon(self) -> None:
        self._next_resync = self._clock()

    def _resync(self) -> None:
        self._reread_rows()
        for path in self._bus.paths() | self._found.keys():
            self._named(path)
        for serial, modem in self.farm.modems.items():
            if modem.place is None or serial in self._store.refused:
                self._store.observe(modem.seen)

    def _named(self, path: str) -> None:
        known = self._found.get(path)
        glance = self._bus.glance(path)
        if glance is None and known is None and path not in self._refusals:
            return  # a hub or a keyboard: not ours, and never was
        self.places.add(path)
        if glance is None:
            self.places.settle(path)  # gone: nothing more to wait for
        elif glance.has_data and (known is None or known.device.devnum != glance.devnum):
            device = self._bus.device(path)
            if device is not None and self._bus.ready(device):
                self.places.settle(path)

    def _look(self) -> None:
        due = self.places.take()
        for path in due:
            self._look_at(path)
        if due:
            self._take(self.farm.look(self._found.values()))

    def _is_known(self, device: Device) -> bool:
        known = self._found.get(device.usb.path)
        return known is not None and known.device.devnum == device.devnum

    def _look_at(self, path: str) -> None:
        device = self._bus.device(path)
        if device is None:
            self._found.pop(path, None)
            self._refusals.pop(path, None)
            self.places.forgive(path)
            self.places.done(path)
        elif self._is_known(device):
            known = self._found[path]
            self._found[path] = Found(device, known.identity, known.sim)
            self.places.done(path)
        else:
            self._found.pop(path, None)
            self._identify(device)  # `done` follows in _answered

    def _answered(self, answer: Answer) -> None:
        self.places.done(answer.path)
        device = self._bus.device(answer.path)
        if device is None or device.devnum != answer.devnum:
            self.places.add(answer.path)  # another device by now, or none
            return
        if answer.identity is None:
            self._refused(answer)
            return
        self._refusals.pop(answer.path, None)
        self.places.forgive(answer.path)
        self._found[answer.path] = Found(device, answer.identity, answer.sim)
        self._take(self.farm.look(self._found.values()))

    def _refused(self, answer: Answer) -> None:
        delay = self.places.retry(answer.path)
        reason = answer.reason or "no identity"
        if self._refusals.get(answer.path) != reason:
            self._refusals[answer.path] = reason
            self._store.event(
                "unidentified", None, usb_path=answer.path, reason=reason, remedy=answer.remedy
            )
        log.warning("%s: %s; asking again in %.0f s", answer.path, reason, delay)

    def _take(self, changes: Changes) -> None:
        for event in changes.events:
            self._store.event(event.kind, event.serial, **event.detail)
        for serial in changes.serials:
            self._store.observe(self.farm.modems[serial].seen)
        self._to_apply(changes.serials)

    def _to_apply(self, serials: list[str]) -> None:
        for serial in serials:
            self._applier.queue.add(serial)
        if serials:
            self._snapshot_due = self._clock()

    # Writing.

    def _write(self) -> None:
        for serial, place in self._store.flush().items():
            modem = self.farm.modems.get(serial)
            if modem is not None and modem.place != place:
                modem.place = place
                self._to_apply([serial])
        self._vitals.update_roster()
        if self._snapshot_due is not None and self._snapshot_due <= self._clock():
            try:
                self._write_snapshot(Snapshot(self._host, self.farm.records()))
                self._snapshot_due = None
            except (OSError, FarmError) as error:
                log.error("snapshot not written: %s", error)
                self._snapshot_due = self._clock() + SNAPSHOT_RETRY_S

    def _row_changed(self, serial: str, backend: int) -> None:
        if backend != self._store.backend:
            log.debug("the row of %s changed", serial)
            self._reread_rows()

    def _reread_rows(self) -> None:
        rows = self._store.rows()
        if rows is None:
            return
        for serial in self.farm.missing_from(rows):
            self._forgotten(self.farm.modems[serial])
        self._to_apply(self.farm.load_rows(rows).serials)

    def _forgotten(self, modem: Modem) -> None:
        log.info("%s has been forgotten", modem.serial)
        self._store.drop(modem.serial)
        self._applier.queue.discard(modem.serial)
        self._snapshot_due = self._clock()
        if modem.seen.present:
            modem.place = None  # it is here: it registers anew
            self._store.observe(modem.seen)
        else:
            del self.farm.modems[modem.serial]

    # Applying.

    def _neighbours_coming(self) -> bool:
        """True while a device that was named is about to become one more modem to apply."""
        return any(
            path not in self._found and path not in self._refusals for path in self.places.busy()
        )

    def _start_applies(self) -> None:
        # Root reads the snapshot: nothing is applied before it is on the disk.
        while self._snapshot_due is None and (
            started := self._applier.start(self._neighbours_coming)
        ):
            self._vitals.ask_radio(started)
