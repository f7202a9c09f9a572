# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's picture of its modems. Pure: what is on the bus in, what has changed out."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from modemfarm.at.commands.identity import Identity
from modemfarm.errors import InvalidValueError
from modemfarm.hold import Hold
from modemfarm.mm.objects import LOCK_PIN, LOCKS
from modemfarm.snapshot import ModemRecord
from modemfarm.usb import UsbModem

from ..registry.model import Event, Observation, Outcome, Place
from .sighting import QUARANTINED, differences, event, observed, record_of, twins
from .sim_entry import SimTrouble
from .states import State, allowed

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Device:
    """One EC25 on the bus; devnum changes whenever it is plugged in or restarts."""

    usb: UsbModem
    devnum: str


@dataclass(frozen=True)
class Found:
    """A device and who it said it is."""

    device: Device
    identity: Identity
    sim: SimTrouble | None = None


@dataclass
class Modem:
    """What is known of one modem; place is None until the registry gave it a slot.

    arrived: when it was plugged in or restarted, since: when its state began; monotonic seconds.
    repairing: the step that is being tried on it. blamed: why its SIM cannot be used and what to
    do, as its AT port said last; ModemManager takes minutes to notice that a SIM was pulled.
    quota: the limit of its volume that is used up, as proxy.quota has it.
    card: the ICCID of the last SIM that could be read, also while there is none.
    """

    seen: Observation
    place: Place | None = None
    devnum: str = ""
    sim: SimTrouble | None = None
    blamed: tuple[str, str] | None = None
    hold: Hold | None = None
    quota: str | None = None
    repairing: str | None = None
    arrived: float | None = None
    since: float = 0.0
    card: str | None = None

    def __post_init__(self) -> None:
        self.card = self.card or self.seen.iccid

    @property
    def serial(self) -> str:
        """Its IMEI."""
        return self.seen.serial

    @property
    def state(self) -> State:
        """How it stands."""
        return State(self.seen.state)

    def record(self) -> ModemRecord | None:
        """Its part of the snapshot."""
        if self.place is None:
            return None
        return replace(record_of(self.seen, self.place, self.hold), quota=self.quota)


@dataclass
class Changes:
    """What a look at the bus changed: serials to write and to apply, and what to tell."""

    serials: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


class Farm:
    """All modems of this host by serial, on the bus or not."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.modems: dict[str, Modem] = {}
        self._clock = clock

    def registered(self, serial: str) -> Modem:
        """The modem that has a place on this host; InvalidValueError names those that have."""
        modem = self.modems.get(serial)
        if modem is None or modem.place is None:
            known = ", ".join(sorted(s for s, m in self.modems.items() if m.place))
            raise InvalidValueError(
                "serial", serial, f"a modem of this host: {known or 'none yet'}"
            )
        return modem

    def load_rows(self, rows: Iterable[Mapping[str, Any]]) -> Changes:
        """Take slots and settings from the registry's rows; add modems it has and we have not.

        Changes name the modems whose place, APN or policy differs from what was known.
        """
        changes = Changes()
        for row in rows:
            place = Place(row["slot"], row["proxy_port"], row["apn"], row["policy"])
            known = self.modems.get(row["serial"])
            if known is None:
                seen = Observation(
                    row["serial"], False, row["usb_path"], row["path"],
                    iccid=row["iccid"], imsi=row["imsi"], manufacturer=row["manufacturer"],
                    model=row["model"], revision=row["revision"],
                )  # fmt: skip
                self.modems[row["serial"]] = Modem(seen, place)
                changes.serials.append(row["serial"])
            elif known.place != place:
                known.place = place
                changes.serials.append(row["serial"])
        return changes

    def load_records(self, records: Iterable[ModemRecord], port_base: int) -> None:
        """Start from the snapshot file, when the database is away."""
        for record in records:
            seen = Observation(record.serial, False, record.usb_path, iccid=record.iccid)
            place = Place(record.slot, port_base + record.slot, record.apn, record.policy)
            self.modems.setdefault(record.serial, Modem(seen, place, hold=record.hold))

    def missing_from(self, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """The placed modems that have no row any more: somebody forgot them."""
        kept = {row["serial"] for row in rows}
        return [s for s, modem in self.modems.items() if modem.place and s not in kept]

    def look(self, found: Iterable[Found], flapping: Mapping[str, str] | None = None) -> Changes:
        """Compare with what is on the bus now; remember it and say what is different.

        `flapping` are serials that are not looked at because they come and go, with the reason.
        """
        by_serial: dict[str, list[Found]] = {}
        for item in found:
            by_serial.setdefault(item.identity.imei, []).append(item)
        changes = Changes()
        for serial, items in by_serial.items():
            self._update(serial, items, changes)
        for serial, modem in self.modems.items():
            if serial in by_serial:
                continue
            if flapping and serial in flapping:
                self._quarantine(modem, flapping[serial], changes)
            elif modem.seen.present or modem.state is QUARANTINED:
                self._absent(modem, changes)
        return changes

    def records(self) -> tuple[ModemRecord, ...]:
        """The snapshot: every modem that has a slot."""
        records = (modem.record() for modem in self.modems.values())
        return tuple(record for record in records if record is not None)

    def explained(self, outcome: Outcome) -> Outcome:
        """The outcome, with what the agent knows and modem_apply cannot: a PIN that was refused,
        and a modem that is there after all.
        """
        modem = self.modems.get(outcome.serial)
        if modem is None:
            return outcome
        if modem.sim is not None and outcome.reason == LOCKS[LOCK_PIN]:
            return replace(outcome, reason=modem.sim.reason, remedy=modem.sim.remedy)
        unregistered = (outcome.reason or "").startswith("not registered")
        if modem.blamed is not None and outcome.state == State.WAITING and unregistered:
            return replace(outcome, reason=modem.blamed[0], remedy=modem.blamed[1])
        if modem.seen.present and outcome.state == State.ABSENT:
            return replace(outcome, state=str(State.WAITING))
        return outcome

    def outcome(self, outcome: Outcome) -> bool:
        """Remember how an apply ended; False when that is not how the modem stands any more."""
        modem = self.modems.get(outcome.serial)
        if modem is None or modem.state is QUARANTINED or modem.repairing:
            return False
        after = State(outcome.state)
        if not modem.seen.present and after is not State.ABSENT:
            return False
        if not allowed(modem.state, after):
            log.error(
                "%s: an apply says %s of a modem that is %s", modem.serial, after, modem.state
            )
            return False
        seen = replace(
            modem.seen, status=outcome.status, state=outcome.state, reason=outcome.reason,
            remedy=outcome.remedy, interface=outcome.interface or modem.seen.interface,
        )  # fmt: skip
        self._set(modem, seen)
        return True

    def enter(
        self,
        serial: str,
        state: State,
        reason: str | None,
        remedy: str | None,
        status: str | None = None,
    ) -> bool:
        """The modem stands so from now on, by our own doing; False when that may not follow."""
        modem = self.modems.get(serial)
        if modem is None or not modem.seen.present or not allowed(modem.state, state):
            return False
        seen = replace(modem.seen, state=str(state), reason=reason, remedy=remedy)
        self._set(modem, seen if status is None else replace(seen, status=status))
        return True

    def repair_begins(self, serial: str, step: str, cause: str) -> bool:
        """`step` is being tried on a modem; False when it is not in a state for that."""
        reason = f"{step}, because {cause}"
        if not self.enter(serial, State.REPAIRING, reason, None):
            return False
        self.modems[serial].repairing = step
        return True

    def repair_ends(self, serial: str) -> None:
        """How it stands says the apply that follows."""
        modem = self.modems.get(serial)
        if modem is None or not modem.repairing:
            return
        modem.repairing = None
        if modem.seen.present:
            self.enter(serial, State.APPLYING, "a repair step has ended", None)
        elif modem.state is State.REPAIRING:
            away = replace(
                modem.seen, status="offline", state=str(State.ABSENT),
                reason="it did not come back after a repair step", remedy="replug the modem",
            )  # fmt: skip
            self._set(modem, away)

    def _set(self, modem: Modem, seen: Observation) -> None:
        if seen.state != modem.seen.state:
            modem.since = self._clock()
        modem.seen = seen
        modem.card = seen.iccid or modem.card

    def at_path(self, path: str) -> Modem | None:
        """The modem that is at a USB path now."""
        for modem in self.modems.values():
            if modem.seen.present and modem.seen.usb_path == path:
                return modem
        return None

    def _update(self, serial: str, items: list[Found], changes: Changes) -> None:
        modem = self.modems.get(serial)
        seen = twins(serial, items, modem) if len(items) > 1 else observed(items[0], modem)
        devnum = items[0].device.devnum
        if modem is not None and modem.seen == seen and modem.devnum == devnum:
            modem.sim = items[0].sim
            return
        if modem is None:
            changes.events.append(event("registered", seen))
            changes.events += self._replaced(seen)
            modem = self.modems[serial] = Modem(seen, devnum=devnum, since=self._clock())
            modem.arrived = self._clock()
        else:
            if not modem.seen.present or modem.seen.usb_path != seen.usb_path:
                changes.events += self._replaced(seen)
            changes.events += differences(modem, seen, devnum)
            if modem.devnum != devnum or not modem.seen.present:
                modem.arrived = self._clock()
            self._set(modem, seen)
            modem.devnum = devnum
        modem.sim = items[0].sim
        changes.serials.append(serial)

    def _replaced(self, seen: Observation) -> list[Event]:
        """An arrival where another modem was last: that one was replaced."""
        before = [
            other.serial
            for other in self.modems.values()
            if other.serial != seen.serial and other.seen.usb_path == seen.usb_path
        ]
        if not seen.present or not before:
            return []
        detail = {"usb_path": seen.usb_path, "before": ", ".join(sorted(before))}
        return [Event("replaced", seen.serial, detail)]

    def _absent(self, modem: Modem, changes: Changes) -> None:
        seen = replace(
            modem.seen, present=False, at_port=None, qmi_port=None, interface=None,
            status="offline", state="offline", reason="not on the bus", remedy="plug the modem in",
        )  # fmt: skip
        if modem.repairing:  # it restarts because we made it
            seen = replace(seen, state=str(State.REPAIRING), reason=modem.seen.reason, remedy=None)
        self._set(modem, seen)
        modem.devnum, modem.arrived = "", None
        changes.events.append(event("restarting" if modem.repairing else "unplugged", modem.seen))
        changes.serials.append(modem.serial)

    def _quarantine(self, modem: Modem, reason: str, changes: Changes) -> None:
        if modem.state is QUARANTINED and modem.seen.reason == reason:
            return
        seen = replace(
            modem.seen, present=False, at_port=None, qmi_port=None, interface=None, status="error",
            state=str(QUARANTINED), reason=reason,
            remedy="check plug, cable and power; it is released when it has been quiet",
        )  # fmt: skip
        self._set(modem, seen)
        modem.devnum, modem.arrived = "", None
        changes.serials.append(modem.serial)
