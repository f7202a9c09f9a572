# SPDX-License-Identifier: GPL-3.0-or-later
"""Each minute: does the system still look as the registry says? What does not is told and applied.

Looking changes nothing. The repair is an ordinary apply, which puts the guard in place before
anything else; what is no modem's own (guard, rules) is mended first. What a foreign process holds
is told and left alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from ..errors import ApplyError
from .applier import Applier
from .farm import Farm, Modem
from .inbox import Inbox, Task
from .states import State
from .store import Store

log = logging.getLogger(__name__)

TURN_S = 60.0
HOST = ""  # the key of what belongs to no modem; it is dealt with first
# The others are being dealt with already, or wait for a person.
_COMPARED = (State.SERVING, State.DEGRADED, State.HELD, State.ABSENT, State.QUARANTINED)


class Drift(Protocol):
    """What agent.client.request_drift gives."""

    @property
    def rows(self) -> Sequence[Mapping[str, Any]]:
        """Rows of modem_apply in check mode; `changed` is what drifted."""

    @property
    def host(self) -> Sequence[str]:
        """What drifted that belongs to no modem."""


class DriftTurn:
    """Runs in the worker's thread; the look itself in a thread of its own, one at a time."""

    def __init__(
        self,
        farm: Farm,
        store: Store,
        inbox: Inbox,
        applier: Applier,
        request: Callable[[Sequence[str]], Drift],
        spawn: Callable[[Task], None],
        clock: Callable[[], float],
    ) -> None:
        self._farm = farm
        self._store = store
        self._inbox = inbox
        self._applier = applier
        self._request = request
        self._spawn = spawn
        self._clock = clock
        self._due = clock() + TURN_S
        self._running = False
        self._told: dict[str, tuple[object, int]] = {}
        self._failed = False
        self.last: dict[str, object] = {}

    def soon(self) -> None:
        """Look now, whenever the last look was."""
        self._due = self._clock()

    def turn(self) -> float | None:
        """Begin a look when one is due; seconds until the next."""
        if self._running:
            return None
        if self._clock() >= self._due:
            self._due = self._clock() + TURN_S
            if any(modem.place is not None for modem in self._farm.modems.values()):
                self._running = True
                self._spawn(self._job)
                return None
        return self._due - self._clock()

    def _job(self) -> None:
        """In a thread of its own."""
        try:
            drift = self._request(())
        except ApplyError as error:
            failure = error
            self._inbox.post(lambda: self._not_seen(failure))
        else:
            self._inbox.post(lambda: self._seen(drift))

    def _not_seen(self, error: ApplyError) -> None:
        self._running = False
        level = logging.DEBUG if self._failed else logging.WARNING
        log.log(level, "nobody looks for drift: %s", error)
        self._failed = True

    def _seen(self, drift: Drift) -> None:
        self._running = self._failed = False
        found: dict[str, object] = {}
        if drift.host:
            found[HOST] = list(drift.host)
        for row in drift.rows:
            modem = self._farm.modems.get(str(row.get("serial")))
            what = None if modem is None else self._drifted(modem, row)
            if modem is not None and what:
                found[modem.serial] = what
        self._told = {key: self._told[key] for key in self._told.keys() & found.keys()}
        for key, what in found.items():
            self._take(key, what)
        self.last = found

    def _drifted(self, modem: Modem, row: Mapping[str, Any]) -> object:
        """What to tell of one modem; nothing when it is as it should be, or on its way there."""
        if modem.state not in _COMPARED or modem.serial in self._applier.queue.busy():
            return None
        failed = row.get("state") == State.FAILED and modem.state is State.SERVING
        return [str(name) for name in row.get("changed") or ()] or (failed and row.get("reason"))

    def _take(self, key: str, what: object) -> None:
        before, times = self._told.get(key, (None, 0))
        times = times + 1 if before == what else 1
        self._told[key] = what, times
        if times == 1:
            self._store.event("drift", key or None, what=what)
        if times & (times - 1) == 0:  # what an apply does not mend is tried after 1, 2, 4, ... min
            self._mend(key)

    def _mend(self, key: str) -> None:
        """Guard and rules are everybody's: an apply of all puts them back before anything else."""
        modems = self._farm.modems.values()
        everybody = [modem.serial for modem in modems if modem.place is not None]
        if key == HOST:
            self._applier.add(everybody)
        elif self._farm.modems[key].state is not State.HELD:
            self._applier.add([key])
