# SPDX-License-Identifier: GPL-3.0-or-later
"""Joins evidence, ladder, budgets and brakes: which modem gets which step now, and what to tell.

Pure: a clock comes in, orders and notices go out. Whoever asks for `orders` carries them out and
says `ended`; nothing is done twice at one modem, and little at once in the farm.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from .budget import Budget
from .course import FAILURES, PAUSE_FIRST_S, REVISIT_S, Course
from .evidence import Evidence
from .ladder import HARD, RESETS, Step, plan, remedy
from .order import Member, Notice, Order, Standing
from .shared import Alarm, many
from .verdict import Verdict, judge
from .ward import Ward

PARALLEL = 2  # steps at once in the farm; a wrong conclusion then hits two modems, not thirty
PARALLEL_RESETS = 1
ALERT_S = 60.0
REFUSALS = 3  # whoever works on a modem has done so by then
PROBE_TOLD_S = 3_600.0  # a target that answers now and then is told once an hour
SCOUT_S = 900.0  # an outage of a carrier is over by then, or is long


class Keeper:
    """See the module's text. Not thread-safe: the worker owns it."""

    def __init__(
        self,
        clock: Callable[[], float],
        spread: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._clock = clock
        self._spread = spread
        self._ward = Ward()
        self._working: dict[str, Order] = {}
        self._budget = Budget()
        self._scouted = float("-inf")
        self._by_second: set[str] = set()
        self._probe_down = False
        self._probe_told = float("-inf")
        self._notices: list[Notice] = []

    # What comes in.

    def load(self, past: Iterable[tuple[str, Step, float]]) -> None:
        """Steps that were taken before: (serial, step, seconds ago)."""
        now = self._clock()
        for serial, step, ago in past:
            self._budget.spend(serial, step, now - max(0.0, ago))

    def members(self, members: Iterable[Member]) -> None:
        """Who is on the bus now; whole each time."""
        self._ward.update(members, self._clock())

    def arrived(self, serial: str) -> None:
        """It was plugged in or restarted: its grace begins."""
        self._ward.courses.setdefault(serial, Course(self._clock())).arrive(self._clock())

    def forget(self, serial: str) -> None:
        """An administrator has forgotten the modem."""
        self._ward.courses.pop(serial, None)

    def take(self, seen: Evidence) -> Verdict:
        """Take in a look; the verdict. One at a modem that is being repaired says nothing."""
        member = self._ward.members.get(seen.serial)
        if member is None or seen.serial in self._working:
            return Verdict.UNKNOWN
        course = self._ward.courses[seen.serial]
        since = seen.began if course.since is None else course.since
        seen = course.heard(seen)
        verdict = judge(seen, course.silent, self._ward.witness(seen.serial, since))
        if member.leave_alone and verdict is not Verdict.HEALTHY:
            return verdict
        if member.busy and verdict is not Verdict.HEALTHY:
            return verdict
        course.take(seen, verdict)
        if verdict is Verdict.HEALTHY:
            self._recovered(seen.serial, course)
            self._look_at_probe(seen)
        return verdict

    def proved(self, serial: str) -> None:
        """An apply had a request answered through this modem."""
        course = self._ward.courses.get(serial)
        if course is not None:
            course.proved(self._clock())
            self._recovered(serial, course)

    def began(self, order: Order) -> None:
        """An order is being carried out."""
        self._working[order.serial] = order
        self._ward.working.add(order.serial)
        self._budget.spend(order.serial, order.step, self._clock())

    def ended(self, serial: str) -> None:
        """The step at this modem ended, well or not: the next looks say whether it cured."""
        order = self._working.pop(serial, None)
        self._ward.working.discard(serial)
        course = self._ward.courses.get(serial)
        if order is not None and course is not None:
            course.stepped(order.step, self._clock(), self._spread)

    def refused(self, serial: str) -> bool:
        """The step at this modem was not taken: somebody else works on it, or nobody could.

        It costs nothing and is tried again; True for one that is never taken: it is passed over.
        """
        course = self._ward.courses.get(serial)
        if course is None or course.refusals + 1 >= REFUSALS:
            self.ended(serial)
            return True
        course.refusals += 1
        course.not_before = self._clock() + PAUSE_FIRST_S
        self._budget.give_back(serial, self._working.pop(serial).step)
        self._ward.working.discard(serial)
        return False

    # What goes out.

    def notices(self) -> list[Notice]:
        """What is to be told since the last call."""
        told, self._notices = self._notices, []
        return told

    def working(self) -> frozenset[str]:
        """The modems that a step is being taken at."""
        return frozenset(self._working)

    def suspects(self) -> frozenset[str]:
        """The modems to look at sooner than the others."""
        return self._ward.suspects()

    def standing(self, serial: str) -> Standing | None:
        """How an ill modem stands, for people."""
        course = self._ward.courses.get(serial)
        if course is None or course.ill_since is None or course.seen is None:
            return None
        verdict = course.verdict
        words = course.seen.failure or "it could not be asked"
        tried = ", ".join(step.value for step in course.taken)
        reason = f"{verdict.value}: {words}" + (f"; tried: {tried}" if tried else "")
        certain = course.lost >= FAILURES
        return Standing(verdict, reason, remedy(verdict), certain, course.handed_over is not None)

    def orders(self) -> list[Order]:
        """The steps to begin now; the caller says `began` for each that it begins."""
        now = self._clock()
        self._tell_alarm(self._ward.look_together(now))
        found: list[Order] = []
        for serial in sorted(self._ward.courses, key=self._failing_since):
            course, member = self._ward.courses[serial], self._ward.members.get(serial)
            if course.since is None or member is None or member.leave_alone or member.busy:
                continue
            if serial in self._working or not self._ward.neighbours_seen(serial, course.since, now):
                continue
            self._alert(serial, course, now)
            if now >= course.not_before:
                step = self._next(serial, course, now)
                if step is not None and self._room(step, found) and course.seen is not None:
                    found.append(Order(serial, step, course.verdict, course.seen))
        return found

    # Choosing.

    def _failing_since(self, serial: str) -> float:
        since = self._ward.courses[serial].since
        return float("inf") if since is None else since

    def _next(self, serial: str, course: Course, now: float) -> Step | None:
        misdriven = self._misdriven(serial, course)
        braked = self._ward.braked(serial) and not misdriven
        if not braked and not course.due:
            return None
        since = course.since if course.since is not None else now
        lasting = now - (since if course.ill_since is None else course.ill_since)
        witness = self._ward.witness(serial, since)
        steps = HARD if misdriven else plan(course.verdict, witness, lasting)
        if braked and not witness:
            course.excuse()
            return self._scout(course, steps or (), now)
        if steps is None or not course.due or self._explained(serial, course):
            return None
        step = self._affordable(serial, course, steps, now)
        if step in RESETS and (braked or not self._may_reset(course, now)):
            return None  # its turn comes
        if step is not None:
            return step
        if course.handed_over is None:
            self._hand_over(serial, course, now)
        return self._revisit(serial, course, steps, now)

    def _explained(self, serial: str, course: Course) -> bool:
        member = self._ward.members.get(serial)
        return course.verdict is Verdict.NO_BEARER and member is not None and member.explained

    def _misdriven(self, serial: str, course: Course) -> bool:
        """Its cause is known and its own, however many have it: ModemManager read its ports wrong.

        Only leaving the bus helps, so no brake holds it, and no other modem has to work first.
        """
        member = self._ward.members.get(serial)
        return course.verdict is Verdict.NO_BEARER and member is not None and member.misdriven

    def _affordable(
        self, serial: str, course: Course, steps: tuple[Step, ...], now: float
    ) -> Step | None:
        """The next rung. That a gentle one did not last is no reason to reset: it is waited for."""
        left = [step for step in steps if step not in course.taken]
        gentle = [step for step in left if step not in RESETS]
        allowed = (step for step in gentle or left if self._budget.allows(serial, step, now))
        return next(allowed, None)

    def _may_reset(self, course: Course, now: float) -> bool:
        """The farm has room for one more, and the modem did say that it has SIM and network."""
        heard = course.heard_since_ill or course.verdict is Verdict.MODEM_SILENT
        return heard and self._budget.allows_reset(now)

    def _scout(self, course: Course, steps: tuple[Step, ...], now: float) -> Step | None:
        """As far as anybody can see nothing works, so it is no modem's fault: 0 repairs.

        But a carrier that lost all its bearers never says so. After long one modem reconnects; if
        that helps it is the witness that the others need. Not where only the probe may be broken:
        one target alone, or packets that come in.
        """
        seen = course.seen
        if seen is None or seen.second is None or seen.received is not False:
            return None
        last = max(self._scouted, now if course.ill_since is None else course.ill_since)
        if self._working or now - last < SCOUT_S or Step.RECONNECT not in steps:
            return None
        self._scouted = now
        return Step.RECONNECT

    def _revisit(
        self, serial: str, course: Course, steps: tuple[Step, ...], now: float
    ) -> Step | None:
        """Carriers repair things overnight that only a new connection notices."""
        last = max(course.handed_over or now, course.deaf_until)
        if not steps or steps[0] in RESETS or now - last < REVISIT_S:
            return None
        return steps[0] if self._budget.allows(serial, steps[0], now) else None

    def _room(self, step: Step, found: list[Order]) -> bool:
        steps = [order.step for order in (*self._working.values(), *found)]
        resets = sum(other in RESETS for other in steps)
        return len(steps) < PARALLEL and not (step in RESETS and resets >= PARALLEL_RESETS)

    def _hand_over(self, serial: str, course: Course, now: float) -> None:
        course.handed_over = now
        tried = [step.value for step in course.taken]
        self._tell(
            "operator-needed", serial, verdict=course.verdict.value, tried=tried,
            reason=course.seen.failure if course.seen is not None else None,
            remedy=remedy(course.verdict),
        )  # fmt: skip

    def _alert(self, serial: str, course: Course, now: float) -> None:
        if course.alerted or course.ill_since is None:
            return
        if self._ward.together(serial):
            course.together = now
        elif now - max(course.ill_since, course.together) >= ALERT_S:
            course.alerted = True
            failure = course.seen.failure if course.seen is not None else None
            self._tell("alert", serial, verdict=course.verdict.value, reason=failure)

    def _tell_alarm(self, alarm: Alarm | None) -> None:
        if alarm is not None:
            kind = "shared-cause-over" if alarm.over else "shared-cause"
            detail = {"scope": alarm.scope, "failed": len(alarm.members), "known": alarm.known}
            self._tell(kind, None, **detail, serials=", ".join(alarm.members))

    def _recovered(self, serial: str, course: Course) -> None:
        if course.alerted:
            course.alerted = False
            self._tell("recovered", serial)

    def _look_at_probe(self, seen: Evidence) -> None:
        """The first target is to blame when modems work by the second one only."""
        if seen.first is not None and seen.first.worked:
            self._by_second.clear()
            self._probe_down = False
            return
        now = self._clock()
        self._by_second.add(seen.serial)
        enough = many(len(self._by_second), len(self._ward.members)) or len(self._ward.members) == 1
        if enough and not self._probe_down and now - self._probe_told >= PROBE_TOLD_S:
            self._probe_down, self._probe_told = True, now
            failure = seen.first.failure if seen.first is not None else None
            self._tell("probe-broken", None, reason=failure, remedy=remedy(Verdict.BROKEN_PROBE))

    def _tell(self, kind: str, serial: str | None, **detail: object) -> None:
        self._notices.append(Notice(kind, serial, detail))
