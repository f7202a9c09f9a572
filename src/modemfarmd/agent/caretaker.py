# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out what the keeper decides: its orders, its events, and how ill modems are shown.

Runs in the worker's thread. The keeper is pure and knows only evidence; here it meets the farm.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from modemfarm.apply.assess import MISDRIVEN

from ..errors import ApplyError
from ..registry.repairs import Repair
from ..repair.evidence import Control, Evidence
from ..repair.keeper import Keeper
from ..repair.ladder import RUNGS, Step, remedy
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
ASK_AGAIN_S = 60.0  # an apply that did not see what we see has a back-off of its own
_NEVER = float("-inf")
_SIM_GONE = {Verdict.NO_SIM: "no SIM", Verdict.SIM_LOCKED: "the SIM is locked"}
_NOT_OURS = (State.QUARANTINED, State.IDENTIFYING)


@dataclass(frozen=True)
class _Begun:
    order: Order
    at: datetime
    clock: float


class Caretaker:
    """`note` keeps that a step begins, `record` what was done, for the registry."""

    def __init__(
        self,
        farm: Farm,
        store: Store,
        applier: Applier,
        runner: repairs.Repairs,
        keeper: Keeper,
        note: Callable[[str, str, datetime], None],
        record: Callable[[Repair], None],
        clock: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        self._farm = farm
        self._store = store
        self._applier = applier
        self._runner = runner
        self._keeper = keeper
        self._note = note
        self._record = record
        self._remembered: set[tuple[str, str, datetime]] = set()
        self._clock = clock
        self._now = now
        self._due = clock()
        self._arrived: dict[str, float | None] = {}
        self._states: dict[str, State] = {}
        self._begun: dict[str, _Begun] = {}
        self._shown: dict[str, str] = {}
        self._asked: dict[str, float] = {}
        self._asked_who: dict[str, float] = {}
        self._suspects: frozenset[str] = frozenset()
        # Called with the USB path of a modem whose SIM is not the one that was read.
        self.ask_again: Callable[[str], None] = lambda _: None
        runner.ended = self._ended

    def remember(self, past: Iterable[Repair]) -> None:
        """What was done before this agent began: budgets outlive it. Each counts once."""
        known = {step.value: step for step in Step}
        now = self._now()
        for repair in past:
            key = repair.serial, repair.step, repair.began
            if repair.step in known and key not in self._remembered:
                self._remembered.add(key)
                ago = (now - repair.ended).total_seconds()
                self._keeper.load([(repair.serial, known[repair.step], ago)])

    def suspects(self) -> frozenset[str]:
        """Who is to be looked at sooner; from any thread: the worker swaps in a whole set."""
        return self._suspects

    def judge(self, seen: Evidence) -> None:
        """A look ended."""
        self._meet()
        verdict = self._keeper.take(seen)
        modem = self._farm.modems.get(seen.serial)
        if modem is not None and self._apply_knows_less(modem, verdict):
            self._ask(modem)
        if modem is not None:
            self._blame(modem, seen, verdict)
        if modem is not None and verdict in _SIM_GONE and modem.seen.imsi is not None:
            self._ask_who(modem)
        self._suspects = self._keeper.suspects()
        if self._suspects:
            self._due = min(self._due, self._clock() + TURN_S)

    def _blame(self, modem: Modem, seen: Evidence, verdict: Verdict) -> None:
        """Keep what the AT port says of the SIM; a modem that waits for a network waits for it."""
        if verdict in _SIM_GONE:
            modem.blamed = _SIM_GONE[verdict], remedy(verdict)
        elif seen.control is Control.ANSWERED:
            modem.blamed = None
        waits = modem.state is State.WAITING and modem.seen.reason != (modem.blamed or ("",))[0]
        if modem.blamed is not None and waits:
            self._farm.enter(modem.serial, State.WAITING, *modem.blamed)
            self._store.observe(modem.seen)

    def _apply_knows_less(self, modem: Modem, verdict: Verdict) -> bool:
        """An apply is wanted: the modem works and is not said to, or has lost what it had."""
        if verdict is Verdict.NO_BEARER:
            return modem.state is State.SERVING
        if verdict is not Verdict.HEALTHY:
            return False
        # What an apply calls degraded serves, and is retried by its own back-off.
        shown = self._shown.get(modem.serial)
        ours = modem.state is State.DEGRADED and shown is not None and modem.seen.reason == shown
        return ours or modem.state in (State.FAILED, State.WAITING)

    def _ask(self, modem: Modem) -> None:
        now = self._clock()
        if now - self._asked.get(modem.serial, _NEVER) >= ASK_AGAIN_S:
            self._asked[modem.serial] = now
            self._applier.add([modem.serial])

    def _ask_who(self, modem: Modem) -> None:
        """Its SIM was taken out, or wants its PIN anew: what was read of it is not true now."""
        now = self._clock()
        if modem.seen.usb_path and now - self._asked_who.get(modem.serial, _NEVER) >= ASK_AGAIN_S:
            self._asked_who[modem.serial] = now
            self.ask_again(modem.seen.usb_path)

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
            misdriven=(modem.seen.reason or "").startswith(MISDRIVEN),
        )

    # Orders.

    def _begin(self, order: Order) -> None:
        failure = order.evidence.failure
        cause = order.verdict.value + (f": {failure}" if failure else "")
        at = self._now()
        if self._runner.order(repairs.Order(order.serial, order.step.value, cause)):
            self._note(order.serial, order.step.value, at)
            self._keeper.began(order)
            self._states.pop(order.serial, None)  # the next "serving" is news, however soon
            self._begun[order.serial] = _Begun(order, at, self._clock())

    def _ended(self, told: repairs.Order, result: repairs.Repaired | ApplyError) -> None:
        begun = self._begun.pop(told.serial, None)
        if begun is None:
            return
        error = result.message if isinstance(result, ApplyError) else result.error
        took = self._clock() - begun.clock
        if isinstance(result, ApplyError) and took < RUNGS[begun.order.step].timeout:
            log.warning("%s: %s was not taken: %s", told.serial, told.step, result)
            if self._keeper.refused(told.serial):
                self._store.event("repair-failed", told.serial, step=told.step, reason=error)
            return
        # A service that hangs for longer than the step may take has begun it, for all we know.
        self._keeper.ended(told.serial)
        detail = {"step": told.step, "cause": told.cause}
        if error is None:
            self._store.event("repair", told.serial, **detail)
        else:
            self._store.event("repair-failed", told.serial, **detail, reason=error)
        self._keep(begun, told.cause, result if isinstance(result, Repaired) else None, error)

    def _keep(self, begun: _Begun, cause: str, looked: Repaired | None, error: str | None) -> None:
        evidence = begun.order.evidence.as_dict() | {"verdict": begun.order.verdict.value}
        if error is not None:
            evidence["error"] = error
        repair = Repair(
            begun.order.serial,
            begun.order.step.value,
            cause,
            begun.at,
            max(begun.at, self._now()),
            "done" if error is None else "failed",
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
            self._shown[modem.serial] = standing.reason
            self._store.observe(modem.seen)
            if before is not state:
                self._store.event(state.value, modem.serial, reason=standing.reason)
