# SPDX-License-Identifier: GPL-3.0-or-later
"""What is at each USB path and who it is: from a path that was named to a device with a name.

Runs in the worker's thread. Level-triggered: a path says where to look, never what happened.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from .bus import Glance
from .farm import Device, Found
from .flapping import QUIET_S, Flapping
from .identify import Answer
from .queue import KeyQueue
from .states import Standing, State
from .store import Store

log = logging.getLogger(__name__)

_FLAPPING_REMEDY = (
    f"check plug, cable and power; it is released after {QUIET_S / 60:.0f} quiet minutes"
)


class BusReader(Protocol):
    """What is needed of agent.bus.Bus."""

    def paths(self) -> set[str]:
        """USB paths of all modems there."""

    def glance(self, path: str) -> Glance | None:
        """The modem at a path, cheaply."""

    def device(self, path: str) -> Device | None:
        """The modem at a path."""

    def ready(self, device: Device) -> bool:
        """True when it needs no time to settle."""


class Arrivals:
    """`caused(serial)` says whether we ourselves make that modem restart just now."""

    def __init__(
        self,
        bus: BusReader,
        store: Store,
        identify: Callable[[Device], None],
        caused: Callable[[str], bool],
        clock: Callable[[], float],
    ) -> None:
        self.places = KeyQueue(clock)
        self.found: dict[str, Found] = {}
        self.standings: dict[str, Standing] = {}
        self._bus = bus
        self._store = store
        self._identify = identify
        self._caused = caused
        self._clock = clock
        self._flapping = Flapping(clock)
        self._incarnations: dict[str, str] = {}
        self._last: dict[str, str] = {}  # the serial that was identified last at a path
        self._returning: dict[str, str] = {}  # released, and not asked yet who it is: why it was
        self._changed = False

    def resync(self) -> None:
        """Look at all paths there are, and at those that are known."""
        for path in self._bus.paths() | self.found.keys() | self.standings.keys():
            self.named(path)

    def named(self, path: str) -> None:
        """Something happened at a path."""
        glance = self._bus.glance(path)
        self._count(path, glance)
        if self._flapping.barred(path):
            return
        known = self.found.get(path)
        if glance is None and known is None and path not in self.standings:
            return  # a hub or a keyboard: not ours, and never was
        self.places.add(path)
        if glance is None:
            self.places.settle(path)  # gone: nothing more to wait for
        elif known is None or known.device.devnum != glance.devnum:
            self._arriving(path, glance)

    def look(self) -> bool:
        """Look at the paths that are due; True when something may have changed."""
        for path in self._flapping.released():
            self._release(path)
        for path in self.places.take():
            self._look_at(path)
            self._changed = True
        changed, self._changed = self._changed, False
        return changed

    def wait(self) -> float | None:
        """Seconds until `look` has something to do."""
        waits = (self.places.wait(), self._flapping.wait())
        return min((wait for wait in waits if wait is not None), default=None)

    def quarantined(self) -> Mapping[str, str]:
        """The serials that flap, each with the reason."""
        barred = (
            (serial, self._flapping.barred(path) or self._returning.get(path))
            for path, serial in self._last.items()
        )
        return {serial: reason for serial, reason in barred if reason is not None}

    def coming(self) -> bool:
        """True while a device that was named is about to become one more modem to apply."""
        return any(path not in self.found and self._is_asked(path) for path in self.places.busy())

    def answered(self, answer: Answer) -> None:
        """An identification ended; `look` says that something changed."""
        self.places.done(answer.path)
        self._returning.pop(answer.path, None)
        if self._flapping.barred(answer.path):
            return
        device = self._bus.device(answer.path)
        if device is None or device.devnum != answer.devnum:
            self.named(answer.path)  # another device by now, or none
            return
        if answer.identity is None:
            self._refused(answer)
            return
        serial = answer.identity.imei
        if self._last.get(answer.path, serial) != serial:
            self._flapping.forget(answer.path)
        self._last[answer.path] = serial
        self.standings.pop(answer.path, None)
        self.places.forgive(answer.path)
        self.found[answer.path] = Found(device, answer.identity, answer.sim)
        self._changed = True

    def _is_asked(self, path: str) -> bool:
        standing = self.standings.get(path)
        return standing is None or standing.state is State.IDENTIFYING

    def _arriving(self, path: str, glance: Glance) -> None:
        if path not in self.standings:
            self._stands(path, State.IDENTIFYING, "its ports are awaited", None)
        device = self._bus.device(path) if glance.has_data else None
        if device is not None and self._bus.ready(device):
            self.places.settle(path)

    def _stands(self, path: str, state: State, reason: str, remedy: str | None) -> None:
        before = self.standings.get(path)
        since = before.since if before and before.state is state else self._clock()
        self.standings[path] = Standing(state, reason, remedy, since)

    def _look_at(self, path: str) -> None:
        device = self._bus.device(path)
        known = self.found.get(path)
        if device is None:
            self.found.pop(path, None)
            self.standings.pop(path, None)
            self._returning.pop(path, None)
            self.places.forgive(path)
            self.places.done(path)
        elif known is not None and known.device.devnum == device.devnum:
            self.found[path] = Found(device, known.identity, known.sim)
            self.places.done(path)
        else:
            self.found.pop(path, None)
            if self._is_asked(path):
                self._stands(path, State.IDENTIFYING, "it is being asked who it is", None)
            self._identify(device)  # `done` follows in `answered`

    def _refused(self, answer: Answer) -> None:
        delay = self.places.retry(answer.path)
        reason = answer.reason or "no identity"
        before = self.standings.get(answer.path)
        if before is None or before.state is not State.FAILED or before.reason != reason:
            self._store.event(
                "unidentified", None, usb_path=answer.path, reason=reason, remedy=answer.remedy
            )
        self._stands(answer.path, State.FAILED, reason, answer.remedy)
        log.warning("%s: %s; asking again in %.0f s", answer.path, reason, delay)

    # Flapping.

    def _count(self, path: str, glance: Glance | None) -> None:
        if glance is None or self._incarnations.get(path) == glance.devnum:
            return
        self._incarnations[path] = glance.devnum
        serial = self._last.get(path)
        if serial is not None and self._caused(serial):
            return
        if self._flapping.arrived(path):
            self._bar(path, serial)

    def _bar(self, path: str, serial: str | None) -> None:
        reason = self._flapping.barred(path) or ""
        self.found.pop(path, None)
        self.places.discard(path)
        self._stands(path, State.QUARANTINED, reason, _FLAPPING_REMEDY)
        self._store.event("flapping", serial, usb_path=path, reason=reason, remedy=_FLAPPING_REMEDY)
        self._changed = True

    def _release(self, path: str) -> None:
        self._store.event("flapping-ended", self._last.get(path), usb_path=path)
        self._returning[path] = self.standings.pop(path).reason
        self._stands(path, State.IDENTIFYING, "it was quiet for long enough", None)
        self.named(path)
