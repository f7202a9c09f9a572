# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has used up the volume of the day or of the month. Runs in the worker's thread.

Counts what modems move, judges it by their policies, and has a change applied: root closes and
opens ports by what the snapshot says. While no agent runs nothing is opened, a new day or not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from modemfarm.errors import InvalidValueError, TransientError
from modemfarm.proxy.policy import QUOTAS, parse
from modemfarm.proxy.quota import HARD, Limits, Standing, standing
from modemfarm.snapshot import ModemRecord

from ..registry.volumes import Volume
from .applier import Applier
from .farm import Farm, Modem
from .meter import Reading
from .publisher import Publisher
from .store import Store
from .volume_file import VolumeFile
from .volumes import PERIODS, Volumes

log = logging.getLogger(__name__)

LOOK_S = 5.0  # at 150 Mbit/s a modem moves 94 MB in it
# What a host that loses its power forgets: an agent that is killed finds it in the counters.
WRITE_S = 30.0


class VolumesNotKeptError(TransientError):
    """A reset that would not outlive the agent was not made."""


class Quotas:
    """`read` gives what the modem at a USB path has moved, `today` the date of the quotas' zone.

    policy: the farm's. `keep` takes what the registry is to know.
    """

    def __init__(
        self,
        farm: Farm,
        store: Store,
        publisher: Publisher,
        applier: Applier,
        file: VolumeFile,
        read: Callable[[str], Reading | None],
        policy: Mapping[str, Any],
        today: Callable[[], date],
        keep: Callable[[Sequence[Volume]], None],
        clock: Callable[[], float],
    ) -> None:
        self._farm = farm
        self._store = store
        self._publisher = publisher
        self._applier = applier
        self._file = file
        self._read = read
        self._policy = policy
        self._today = today
        self._keep = keep
        self._clock = clock
        self._due = self._write_due = clock()
        self._limits: dict[str, tuple[object, Limits]] = {}
        self._failing = self._late = False
        self.volumes = Volumes()

    def load(self, records: Iterable[ModemRecord], kept: Callable[[date], list[Volume]]) -> None:
        """Start from the file, or where it is lost from what the registry has kept this month.

        records: the snapshot; what it says was told already.
        """
        problem = self._file.read(self.volumes)
        if problem is not None:
            log.error("%s", problem)
            self._store.event("volumes-lost", None, reason=problem)
        if self.volumes.lost:
            self.volumes.seed(kept(self._today().replace(day=1)))
        for record in records:
            modem = self._farm.modems.get(record.serial)
            if modem is not None:
                modem.quota = record.quota

    def turn(self) -> float:
        """Count and judge when it is due; seconds until the next time."""
        now = self._clock()
        if now >= self._due:
            self._due = now + LOOK_S
            self.count()
            changed = self.settle()
            if now >= self._write_due:
                self._write_due = now + WRITE_S
                self.write()
            if changed:
                self._publisher.changed()
                return 0.0  # the snapshot of this round is written already
        return self._due - self._clock()

    def count(self) -> None:
        """Look at the counters of all modems that are there."""
        day = self.day()
        for modem in self._farm.modems.values():
            path = modem.seen.usb_path
            reading = self._read(path) if modem.seen.present and path else None
            if reading is not None:
                self.volumes.count(modem.serial, reading, day)

    def settle(self) -> bool:
        """Have each modem's state be what its volume says; True when one is another than before."""
        day, changed = self.day(), False
        for modem in self._farm.modems.values():
            found = self._standing(modem, day)
            if found.state != modem.quota:
                self._enter(modem, found, day)
                changed = True
        return changed

    def write(self) -> None:
        """Keep what was counted, on disk and for the registry."""
        try:
            self._file.write(self.volumes, self.day())
            self._failing = False
        except OSError as error:
            if not self._failing:
                log.error("%s is not written: %s", self._file.path, error)
                self._store.event("volumes-not-written", None, reason=str(error))
            self._failing = True
        self._keep(self.volumes.fresh())
        for modem in self._farm.modems.values():
            if modem.place is not None:  # its row may be new, or another host's word
                self._store.quota(modem.serial, modem.quota)

    def close(self) -> None:
        """The last look of this agent."""
        self.count()
        self.write()

    def day(self) -> date:
        """Today. A clock behind what was counted already is wrong: no day comes back, so a host
        that boots without the time opens nothing.
        """
        today, newest = self._today(), self.volumes.newest()
        if newest is None or newest <= today:
            self._late = False
            return today
        if not self._late:
            self._late = True
            self._store.event(
                "quota-clock", None, today=today.isoformat(), counted=newest.isoformat(),
                remedy="set the clock; if it is right now, `modemfarm quota reset` of a modem",
            )  # fmt: skip
        return newest

    def reset(self, serial: str, periods: Sequence[str], by: str) -> dict[str, Any]:
        """Forgive what was moved up to now; how the modem stands then.

        Whoever asks knows what day it is: what was counted on later ones moves to today.
        InvalidValueError, VolumesNotKeptError.
        """
        modem = self._farm.registered(serial)
        self.count()
        self.volumes.fold(self._today())
        day = self.day()
        account = self.volumes.accounts.get(serial)
        before = dict(account.forgiven) if account is not None else {}
        used = asdict(self.volumes.used(serial, day))
        self.volumes.forgive(serial, periods, day)
        try:
            self._file.write(self.volumes, day)
        except OSError as error:
            self.volumes.accounts[serial].forgiven = before
            raise VolumesNotKeptError(
                f"nothing is reset: {self._file.path} cannot be written: {error.strerror}",
                "make room on the disk of /var/lib/modemfarm",
            ) from error
        self._store.event("quota-reset", serial, by=by, periods=list(periods), bytes=used)
        if self.settle():
            self._publisher.changed()
        return self.row(modem)

    def rows(self, serial: str | None = None) -> list[dict[str, Any]]:
        """How modems stand, by slot. InvalidValueError for one that is none of this host."""
        wanted = self._farm.modems.values() if serial is None else [self._farm.registered(serial)]
        placed = [modem for modem in wanted if modem.place is not None]
        return [self.row(m) for m in sorted(placed, key=lambda m: m.place.slot if m.place else 0)]

    def row(self, modem: Modem) -> dict[str, Any]:
        """One modem: bytes that count, limits in megabytes, and what is used up."""
        day = self.day()
        account, place = self.volumes.accounts.get(modem.serial), modem.place
        moved = {p: 0 if account is None else account.moved(p, day) for p in PERIODS}
        found = self._standing(modem, day)
        return {
            "serial": modem.serial,
            "slot": None if place is None else place.slot,
            "proxy_port": None if place is None else place.proxy_port,
            "quota": found.state,
            "over": list(found.over),
            "day": day.isoformat(),
            "used": asdict(self.volumes.used(modem.serial, day)),
            "moved": moved,
            "limits": asdict(self.limits(modem)),
        }

    def limits(self, modem: Modem) -> Limits:
        """Those of its policy; of one that cannot be, those from before."""
        own = None if modem.place is None else modem.place.policy
        known = self._limits.get(modem.serial)
        if known is not None and known[0] == own:
            return known[1]
        try:
            limits = Limits.of(
                self._policy, parse({n: v for n, v in (own or {}).items() if n in QUOTAS})
            )
        except (InvalidValueError, AttributeError):
            return Limits.of(self._policy) if known is None else known[1]
        self._limits[modem.serial] = own, limits
        return limits

    def _standing(self, modem: Modem, day: date) -> Standing:
        if modem.place is None:  # nobody knows its policy yet: what was said stays
            return Standing(modem.quota)
        return standing(self.limits(modem), self.volumes.used(modem.serial, day))

    def _enter(self, modem: Modem, found: Standing, day: date) -> None:
        before, modem.quota = modem.quota, found.state
        detail = {
            "before": before, "over": list(found.over), "day": day.isoformat(),
            "bytes": asdict(self.volumes.used(modem.serial, day)),
            "limits": asdict(self.limits(modem)),
        }  # fmt: skip
        self._store.event(f"quota-{found.state or 'left'}", modem.serial, **detail)
        self._store.quota(modem.serial, modem.quota)
        if HARD in (before, found.state):
            self._applier.add([modem.serial])
