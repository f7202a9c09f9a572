# SPDX-License-Identifier: GPL-3.0-or-later
"""The one thread that decides: looks at what was named, remembers, writes, has it applied.

Everything else (udev, scan, LISTEN, identification, apply jobs, health) runs in threads that only
post to the inbox. Level-triggered: a key says where to look, never what happened.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable

from modemfarm.errors import InvalidValueError

from .applier import Applier
from .arrivals import Arrivals
from .farm import Changes, Farm, Modem
from .holds import Holds
from .identify import Answer
from .inbox import Inbox
from .notices import Notices
from .publisher import Publisher
from .store import Store
from .vitals import Vitals

log = logging.getLogger(__name__)

RESYNC_S = 60.0
REREAD_S = 0.5  # between two looks at the table, however fast notifications come
IDLE_S = 5.0  # the longest sleep: how late systemd's watchdog is fed


class Worker:
    """See the module's text. `step` does what is due; `run` does steps until stopped."""

    def __init__(
        self,
        farm: Farm,
        arrivals: Arrivals,
        store: Store,
        inbox: Inbox,
        publisher: Publisher,
        applier: Applier,
        holds: Holds,
        vitals: Vitals,
        clock: Callable[[], float],
    ) -> None:
        self.farm = farm
        self._arrivals = arrivals
        self._store = store
        self._inbox = inbox
        self._publisher = publisher
        self._applier = applier
        self._holds = holds
        self._vitals = vitals
        self._clock = clock
        self._next_resync = clock()
        self._reread = False
        self._reread_due = clock()
        self._notices = Notices(farm.modems, lambda: store.backend, store.event, clock)
        # Whatever else is due from time to time: each returns the seconds until it is due again.
        self.turns: list[Callable[[], float | None]] = []

    # What other threads call: each posts, none touches the state.

    def name_serial(self, serial: str, backend: int) -> None:
        """Somebody says that a row changed; what was forged is dropped."""
        self._inbox.post(lambda: self._row_changed(serial, backend))

    def name_all(self) -> None:
        """Look at everything soon."""
        self._inbox.post(self.resync_soon)

    def answered(self, answer: Answer) -> None:
        """An identification ended."""
        self._inbox.post(lambda: self._arrivals.answered(answer))

    # The loop.

    def run(self, stop: threading.Event, beat: Callable[[str], None]) -> None:
        """Step until stopped; `beat` gets a line of status each time."""
        while not stop.is_set():
            beat(self.status())
            self.take_in(*self._inbox.drain(self.step()))

    def apply_all(self) -> None:
        """Have every known modem applied: at start nobody knows what happened meanwhile."""
        self._to_apply(list(self.farm.modems))

    def apply_some(self, serials: Iterable[str]) -> int:
        """Have these applied (all when there is none named); how many. InvalidValueError."""
        wanted = list(serials) or list(self.farm.modems)
        for serial in wanted:
            if serial not in self.farm.modems:
                known = ", ".join(sorted(self.farm.modems))
                raise InvalidValueError(
                    "serials", serial, f"modems of this host: {known or 'none'}"
                )
        self._applier.add(wanted)
        return len(wanted)

    def resync_soon(self) -> None:
        """Look at everything in the next step."""
        self._next_resync = self._clock()

    def take_in(self, paths: set[str], tasks: list[Callable[[], None]]) -> None:
        """What the inbox held."""
        for path in paths:
            self._arrivals.named(path)
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
        if self._reread and now >= self._reread_due:
            self._reread_rows()
        self._holds.turn()
        if self._arrivals.look():
            self._take(self.farm.look(self._arrivals.found.values(), self._arrivals.quarantined()))
        self._write()
        self._start_applies()
        waits = [
            self._arrivals.wait(),
            self._store.wait(),
            self._next_resync - self._clock(),
            self._reread_due - self._clock() if self._reread else None,
            self._publisher.wait(),
            self._applier.wait(self._arrivals.coming),
            *(turn() for turn in self.turns),
        ]
        return max(0.0, min(wait for wait in (*waits, IDLE_S) if wait is not None))

    # Looking.

    def _resync(self) -> None:
        self._reread_rows()
        self._arrivals.resync()
        for serial, modem in self.farm.modems.items():
            if modem.place is None or serial in self._store.refused:
                self._store.observe(modem.seen)

    def _take(self, changes: Changes) -> None:
        for event in changes.events:
            self._store.event(event.kind, event.serial, **event.detail)
        for serial in changes.serials:
            self._store.observe(self.farm.modems[serial].seen)
        self._to_apply(changes.serials)

    def _to_apply(self, serials: list[str]) -> None:
        self._applier.add(serials)
        if serials:
            self._publisher.changed()

    # Writing.

    def _write(self) -> None:
        for serial, place in self._store.flush().items():
            modem = self.farm.modems.get(serial)
            if modem is not None and modem.place != place:
                self._made_free(place.slot, serial)
                modem.place = place
                self._to_apply([serial])
        self._vitals.update_roster()
        self._publisher.turn()

    def _row_changed(self, serial: str, backend: int) -> None:
        if self._notices.concerns_us(serial, backend):
            self._reread = True  # however many change: one look at the table

    def _reread_rows(self) -> None:
        self._reread, self._reread_due = False, self._clock() + REREAD_S
        rows = self._store.rows()
        if rows is None:
            return
        for serial in self.farm.missing_from(rows):
            self._forgotten(self.farm.modems[serial])
        self._to_apply(self.farm.load_rows(rows).serials)
        self._holds.reconcile()

    def _made_free(self, slot: int, taker: str) -> None:
        """A slot that is given to another was forgotten before, and nobody told us."""
        before = [
            modem
            for modem in self.farm.modems.values()
            if modem.place is not None and modem.place.slot == slot and modem.serial != taker
        ]
        for modem in before:
            self._forgotten(modem)

    def _forgotten(self, modem: Modem) -> None:
        log.info("%s has been forgotten", modem.serial)
        self._store.drop(modem.serial)
        self._applier.queue.discard(modem.serial)
        self._publisher.changed()
        if modem.seen.present:
            modem.place = None  # it is here: it registers anew
            self._store.observe(modem.seen)
        else:
            del self.farm.modems[modem.serial]

    # Applying.

    def _start_applies(self) -> None:
        while started := self._applier.start(self._arrivals.coming):
            self._vitals.ask_radio(started)
