# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry of one host's modems: every statement the daemons and the CLI run."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

import psycopg2.errors

from ..errors import SlotRaceError, SlotsExhaustedError
from .db import Database, Row
from .model import Event, Observation, Outcome, Place
from .text import as_json, storable

PLACE = ("slot", "proxy_port", "apn", "policy")
ALLOCATION_ATTEMPTS = 64  # each round of a race seats at least one; 30 rivals need 30 at worst
PORT_CONSTRAINT = "modems_port_once"  # broken without a rival: port_base has moved a little
ALLOCATION_PAUSE_S = 0.02  # a rival's insert commits within a few milliseconds


@dataclass(frozen=True)
class Host:
    """The host's name in the registry and the numbers that slots are made from."""

    name: str
    slots: int
    port_base: int


class Registry:
    """The statements, over one Database. All methods raise DatabaseGoneError when it is away."""

    def __init__(
        self, database: Database, host: Host, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self.database = database
        self.host = host
        self._pause = pause
        self._ports_followed = False

    def upsert(self, seen: Observation, busy: Collection[int] = ()) -> Place:
        """Register or refresh one modem; `busy` slots are not given away.

        Raises SlotsExhaustedError when a new modem finds no free slot.
        """
        values = _clean(asdict(seen)) | {
            "host": self.host.name,
            "slots": self.host.slots,
            "port_base": self.host.port_base,
            "busy": sorted(busy),
        }
        if not self._ports_followed:  # port_base may have moved while we did not run
            self.follow_ports()
        for _ in range(ALLOCATION_ATTEMPTS):
            try:
                with self.database.savepoint():
                    rows = self.database.rows("upsert_modem", values)
            except psycopg2.errors.UniqueViolation as error:
                if error.diag.constraint_name == PORT_CONSTRAINT:
                    self.follow_ports()  # the first time was undone with its transaction
                self._pause(ALLOCATION_PAUSE_S * random.uniform(0.1, 1.0))  # noqa: S311
                continue
            if not rows:
                raise self._exhausted(seen.serial, busy)
            return Place(**{name: rows[0][name] for name in PLACE})
        raise SlotRaceError(
            f"no slot for {seen.serial} after {ALLOCATION_ATTEMPTS} attempts",
            "wait, it tries again",
        )

    def _exhausted(self, serial: str, busy: Collection[int]) -> SlotsExhaustedError:
        held = f", {len(busy)} of them held by foreign processes" if busy else ""
        return SlotsExhaustedError(
            f"no free slot for modem {serial}: all {self.host.slots} are taken{held}",
            "raise `slots`, or `modemfarm forget` a modem that is gone",
        )

    def follow_ports(self) -> list[str]:
        """Give all rows of this host the ports of its port_base; serials of those that moved."""
        values = {"host": self.host.name, "port_base": self.host.port_base}
        rows = self.database.rows("follow_ports", values)
        self._ports_followed = True
        return [row["serial"] for row in rows]

    def record(self, outcomes: Sequence[Outcome]) -> None:
        """Write what an apply run found, all in one transaction."""
        self._many("record_outcome", [asdict(outcome) for outcome in outcomes])

    def record_radio(self, batch: Sequence[Mapping[str, object]]) -> None:
        """Write {serial, signal (dBm), operator, registration} of each modem."""
        self._many("record_radio", [_clean(dict(values)) for values in batch])

    def modems(self) -> list[Row]:
        """All rows of this host, by slot."""
        return self.database.rows("list_modems", {"host": self.host.name})

    def forget(self, serial: str) -> int | None:
        """Delete a modem's row; its freed slot, or None when there was no such row."""
        rows = self.database.rows("forget_modem", {"serial": serial, "host": self.host.name})
        return int(rows[0]["slot"]) if rows else None

    def set_policy(self, serial: str, policy: Mapping[str, object] | None) -> bool:
        """What its proxy does otherwise than the farm's, None for nothing; False: no such row."""
        document = None if policy is None else as_json(dict(policy))
        values = {"serial": serial, "host": self.host.name, "policy": document}
        return bool(self.database.rows("set_policy", values))

    def set_quotas(self, batch: Sequence[tuple[str, str | None]]) -> None:
        """By serial which limit of its volume is used up; a row that says so is not touched."""
        self._many("set_quota", [{"serial": serial, "quota": state} for serial, state in batch])

    def add_events(self, events: Sequence[Event]) -> None:
        """Write events in order, all or none."""
        self._many(
            "add_event",
            [
                {
                    "at": event.at,
                    "serial": event.serial,
                    "kind": event.kind,
                    "detail": as_json(event.detail),
                }
                for event in events
            ],
        )

    def events(self, serial: str | None, limit: int) -> list[Row]:
        """The newest events of this host (of one modem when serial is given), newest first."""
        values = {"host": self.host.name, "serial": serial, "limit": limit}
        return self.database.rows("list_events", values)

    def _many(self, name: str, batch: Sequence[dict[str, object]]) -> None:
        self.database.run_many(name, [{"host": self.host.name} | values for values in batch])


def _clean(values: dict[str, object]) -> dict[str, object]:
    """The same with storable texts."""
    return {k: storable(v) if isinstance(v, str) else v for k, v in values.items()}
