# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out what the keeper decides: its orders, its events, and how ill modems are shown.

Runs in the worker's thread. The keeper is pure and knows only evidence; here it meets the farm.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from ..errors import ApplyError
from ..registry.repairs import Repair
from ..repair.evidence import Evidence
from ..repair.keeper import Keeper
from ..repair.ladder import Step
from ..repair.order import Member, Order, Standing
from ..repair.shared import hub_of
from ..repair.verdict import Verdict
from . import repairs
from .applier import Applier
from .client import Repaired
from .farm import Farm, Modem
from .states import State, waits_for
from .store import Store

log = logging.getLogger(__name__)

TURN_S = 1.0  # nothing in the ladder is more urgent: looks come every 10 s
QUIET_S = 5.0  # nobody is ill: only who comes and goes is to be noticed
_NOT_OURS = (State.QUARANTINED, State.IDENTIFYING)


@dataclass(frozen=True)
class _Begun:
    order: Order
    at: datetime


class Caretaker:
    """`record` keeps what was done for the registry."""

    def __init__(
        self,
        farm: Farm,
        store: Store,
        applier: Applier,
        runner: repairs.Repairs,
        keeper: Keeper,
        record: Callable[[Repair], None],
        clock: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        self._farm = farm
        self._store = store
        self._applier = applier
        self._runner = runner
        self._keeper = keeper
        self._record = record
        self._clock = clock
        self._now = now
        self._due = clock()
        self._arrived: dict[str, float | None] = {}
        self._states: dict[str, State] = {}
        self._begun: dict[str, _Begun] = {}
        self._suspects: frozenset[str] = frozenset()
        runner.ended = self._ended

    def remember(self, past: Iterable[Repair]) -> None:
        """What was done before this agent began: budgets outlive it."""
        known = {step.value: step for step in Step}
        now = self._now()
        self._keeper.load(
            (repair.serial, known[repair.step], (now - repair.ended).total_seconds())
            for repair in past
            if repair.step in known
        )

    def suspects(self) -> frozenset[str]:
        """Who is to be looked at sooner; from any thread: the worker swaps in a whole set."""
        return self._suspects

    def judge(self, seen: Evidence) -> None:
        """A look ended."""
        self._meet()
        verdict = self._keeper.take(seen)
        modem = self._farm.modems.get(seen.serial)
        if modem is not None and _apply_knows_less(modem, verdict):
            self._applier.add([modem.serial])
        self._suspects = self._keeper.suspects()
        if self._suspects:
            self._due = min(self._due, self._clock() + TURN_S)

    def turn(self) -> float:
        """Do what is due; the seconds until the next turn."""
        now = self._clock()
        if now < self._due:
            return self._due - now
        self._meet()
        for order in self._keeper.orders():
            self._begin(order)
        for notice in self._keeper.notices():
            self._store.event(notice.kind, notice.serial, **notice.detail)
        for modem in self._farm.modems.values():
            standing = self._keeper.standing(modem.serial)
            if standing is not None and modem.seen.present:
                self._show(modem, standing)
        self._suspects = self._keeper.suspects()
        pause = TURN_S if self._suspects or self._begun else QUIET_S
        self._due = now + pause
        return pause

    def _meet(self) -> None:
        """Tell the keeper who is there, who has come, and whom an apply has proved."""
        there = {s: modem for s, modem in self._farm.modems.items() if modem.seen.present}
        for serial, modem in there.items():
            if self._arrived.get(serial) != modem.arrived:
                self._keeper.arrived(serial)
        self._keeper.members(self._member(modem) for modem in there.values())
        for serial, modem in there.items():
            if modem.state is State.SERVING and self._states.get(serial) is not State.SERVING:
                self._keeper.proved(serial)
        self._arrived = {serial: modem.arrived for serial, modem in there.items()}
        self._states = {serial: modem.state for serial, modem in there.items()}

    def _member(self, modem: Modem) -> Member:
        held = modem.hold is not None and modem.hold.active(self._now())
        return Member(
            modem.serial,
            hub_of(modem.seen.usb_path),
            leave_alone=held or modem.state in _NOT_OURS,
            busy=modem.state is State.APPLYING or self._applier.is_applying(modem.serial),
            explained=modem.state is State.FAILED and waits_for(modem.seen.reason) != "QMI",
        )

    # Orders.

    def _begin(self, order: Order) -> None:
        failure = order.evidence.failure
        cause = order.verdict.value + (f": {failure}" if failure else "")
        if self._runner.order(repairs.Order(order.serial, order.step.value, cause)):
            self._keeper.began(order)
            self._states.pop(order.serial, None)  # the next "serving" is news, however soon
            self._begun[order.serial] = _Begun(order, self._now())

    def _ended(self, told: repairs.Order, result: repairs.Repaired | ApplyError) -> None:
        begun = self._begun.pop(told.serial, None)
        if begun is None:
            return
        if isinstance(result, ApplyError):
            log.warning("%s: %s was not taken: %s", told.serial, told.step, result)
            self._keeper.refused(told.serial)
            return
        self._keeper.ended(told.serial)
        detail = {"step": told.step, "cause": told.cause}
        if result.error is None:
            self._store.event("repair", told.serial, **detail)
        else:
            self._store.event("repair-failed", told.serial, **detail, reason=result.error)
        self._keep(begun, told.cause, result)

    def _keep(self, begun: _Begun, cause: str, result: repairs.Repaired) -> None:
        looked = result if isinstance(result, Repaired) else None
        evidence = begun.order.evidence.as_dict() | {"verdict": begun.order.verdict.value}
        if result.error is not None:
            evidence["error"] = result.error
        repair = Repair(
            begun.order.serial,
            begun.order.step.value,
            cause,
            begun.at,
            max(begun.at, self._now()),
            "done" if result.error is None else "failed",
            evidence,
            None if looked is None else looked.before,
            None if looked is None else looked.after,
        )
        self._record(repair)

    # Showing.

    def _show(self, modem: Modem, standing: Standing) -> None:
        """Where the apply's word is "serving", ours is newer; its own troubles it tells itself."""
        if not standing.certain or standing.verdict is Verdict.BROKEN_PROBE:
            return
        state = State.FAILED if standing.handed_over else State.DEGRADED
        shown = (State.SERVING, State.DEGRADED, State.FAILED) if standing.handed_over else (
            State.SERVING,
        )  # fmt: skip
        if modem.state not in shown or modem.seen.reason == standing.reason:
            return
        before = modem.state
        status = "error" if standing.handed_over else "online"
        if self._farm.enter(modem.serial, state, standing.reason, standing.remedy, status):
            self._store.observe(modem.seen)
            if before is not state:
                self._store.event(state.value, modem.serial, reason=standing.reason)


def _apply_knows_less(modem: Modem, verdict: Verdict) -> bool:
    """An apply is wanted: the modem works and is not said to, or has lost what it had."""
    if verdict is Verdict.HEALTHY:
        return modem.state in (State.DEGRADED, State.FAILED, State.WAITING)
    return verdict is Verdict.NO_BEARER and modem.state is State.SERVING
