# SPDX-License-Identifier: GPL-3.0-or-later
"""One cause for many modems: the brake of the farm and of each hub, and the one alarm. Pure.

When more than 30 % (and at least two) begin to fail within two minutes, the cause is not in the
modems but in power, carrier, probe or host, and resetting them would only add to it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

WINDOW_S = 120.0
SHARE = 0.3
AT_LEAST = 2
FARM = "farm"


def many(count: int, known: int) -> bool:
    """True when so many of the known modems are no coincidence."""
    return count >= AT_LEAST and count > SHARE * known


def hub_of(usb_path: str | None) -> str | None:
    """The hub that a USB path (sysfs name) hangs on: 1-1.4.2 on 1-1.4, 1-3 on the root hub 1-0."""
    if usb_path is None:
        return None
    hub, dot, _ = usb_path.rpartition(".")
    return hub if dot else f"{usb_path.partition('-')[0]}-0"


class Brake:
    """Of one group of modems. It stays on while those that failed together go on failing."""

    def __init__(self) -> None:
        self.members: frozenset[str] = frozenset()
        self.known = 0

    @property
    def on(self) -> bool:
        """True while no modem of the group may be reset."""
        return bool(self.members)

    def look(self, now: float, known: int, onsets: Mapping[str, float]) -> None:
        """Take in since when each failing modem of the group fails."""
        recent = {serial for serial, since in onsets.items() if now - since <= WINDOW_S}
        together = recent | (self.members & onsets.keys())
        self.known = known
        self.members = frozenset(together if many(len(together), known) else ())


@dataclass(frozen=True)
class Alarm:
    """Modems of `scope` (the farm or a hub) that began to fail together; over: they work again."""

    scope: str
    members: tuple[str, ...]
    known: int
    over: bool = False


class Shared:
    """The brakes. Overlapping groups give one alarm: a farm without power is not ten hubs' news."""

    def __init__(self) -> None:
        self._brakes: dict[str, Brake] = {}
        self._alarm: Alarm | None = None

    def look(
        self,
        now: float,
        hubs: Mapping[str, str | None],
        onsets: Mapping[str, float],
        unproven: Collection[str] = (),
    ) -> None:
        """Take in where each modem hangs, and since when each failing one fails.

        unproven: those that were not seen to work before. A start of the agent finds all old
        failures at once, which says nothing of a hub.
        """
        groups: dict[str, list[str]] = {FARM: list(hubs)}
        for serial, hub in hubs.items():
            if hub is not None:
                groups.setdefault(hub, []).append(serial)
        self._brakes = {scope: self._brakes.get(scope, Brake()) for scope in groups}
        for scope, serials in groups.items():
            there = {
                serial: onsets[serial]
                for serial in serials
                if serial in onsets and (scope == FARM or serial not in unproven)
            }
            self._brakes[scope].look(now, len(serials), there)

    def braked(self, hub: str | None) -> bool:
        """True when a modem of this hub may not be reset."""
        own = self._brakes.get(hub or "")
        return self._brakes.get(FARM, Brake()).on or (own is not None and own.on)

    def together(self, serial: str) -> bool:
        """True for a modem that failed together with others: it needs no alert of its own."""
        return any(serial in brake.members for brake in self._brakes.values())

    def alarm(self, confirmed: Collection[str]) -> Alarm | None:
        """The alarm to raise or to end now, if any.

        confirmed: the modems whose failure is more than one lost request.
        """
        if self._alarm is not None:
            if any(brake.on for brake in self._brakes.values()):
                return None
            ended, self._alarm = self._alarm, None
            return Alarm(ended.scope, ended.members, ended.known, over=True)
        for scope, brake in self._brakes.items():  # the farm comes first
            if many(len(brake.members & set(confirmed)), brake.known):
                self._alarm = Alarm(scope, tuple(sorted(brake.members)), brake.known)
                return self._alarm
        return None
