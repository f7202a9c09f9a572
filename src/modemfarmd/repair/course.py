# SPDX-License-Identifier: GPL-3.0-or-later
"""One modem's illness from its first failing look to its forgiveness. Pure.

An episode is three failing looks in a row and buys one rung of the ladder. The rungs of an
illness are taken once each, with growing pauses, until the modem has been well for five minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from .evidence import Control, Evidence
from .ladder import RUNGS, Step
from .verdict import Verdict

FAILURES = 3  # one lost request is no news on a radio link
GRACE_S = 150.0  # a cold attach takes up to 2 min; until it first works it is not failing
FORGIVE_S = 300.0  # well for so long: the next failure is a new illness
PAUSE_FIRST_S = 30.0
PAUSE_LONGEST_S = 900.0
JITTER = 0.2
REVISIT_S = 3_600.0  # what a person has to repair is tried by the cheapest step this often


@dataclass
class Course:
    """Times are seconds of a monotonic clock. None: not ill.

    ill_since: the first failing look after the last good one. since: the first one of this
    episode, which is what counts after a step. failures: those of this episode; lost: all.
    answered, registration, sim: when our AT port last answered, and what.
    taken: the rungs of this illness, in order.
    """

    arrived: float
    proven: bool = False
    looked: float | None = None
    seen: Evidence | None = None
    verdict: Verdict = Verdict.UNKNOWN
    silent: int = 0
    answered: float | None = None
    registration: str | None = None
    sim: str | None = None
    ill_since: float | None = None
    since: float | None = None
    failures: int = 0
    lost: int = 0
    well_since: float | None = None
    taken: list[Step] = field(default_factory=list)
    deaf_until: float = float("-inf")
    not_before: float = float("-inf")
    handed_over: float | None = None
    refusals: int = 0
    alerted: bool = False

    @property
    def due(self) -> bool:
        """An episode is complete."""
        return self.failures >= FAILURES

    def arrive(self, now: float) -> None:
        """It came (back) onto the bus. A person who replugs it takes it back from the operator."""
        self.rest()
        self.arrived, self.proven = now, False
        if self.handed_over is not None:
            self.forgive()

    def rest(self) -> None:
        """It is in other hands: what was counted so far is void."""
        self._end_episode()
        self._not_ill()
        self.well_since = None

    def proved(self, now: float) -> None:
        """An apply had a request answered through it."""
        self.proven = True
        self._end_episode()
        self._not_ill()
        self.well_since = now if self.well_since is None else self.well_since

    def heard(self, seen: Evidence) -> Evidence:
        """Take in what the AT port said; the look with what is known from before.

        A busy or silent port does not bring a SIM back: the last answer stands.
        """
        if seen.control is Control.ANSWERED:
            self.silent, self.answered = 0, seen.began
            self.registration, self.sim = seen.registration, seen.sim
        elif seen.control is Control.SILENT:
            self.silent += 1
        return replace(seen, registration=self.registration, sim=self.sim)

    @property
    def heard_since_ill(self) -> bool:
        """The modem has said what it knows of SIM and network since it fails."""
        ill = self.ill_since
        return ill is not None and self.answered is not None and self.answered >= ill

    def take(self, seen: Evidence, verdict: Verdict) -> None:
        """Take in a judged look."""
        self.looked = seen.began
        if verdict is Verdict.HEALTHY:
            self.seen, self.verdict = seen, verdict
            self.proved(seen.began)
            if self.well_since is not None and seen.ended - self.well_since >= FORGIVE_S:
                self.forgive()
        elif verdict.ill and not self._excused(seen.began):
            self.seen, self.verdict = seen, verdict
            self.since = seen.began if self.since is None else self.since
            self.ill_since = seen.began if self.ill_since is None else self.ill_since
            self.well_since = None
            self.failures += 1
            self.lost += 1

    def _excused(self, began: float) -> bool:
        in_grace = not self.proven and began < self.arrived + GRACE_S
        return in_grace or began < self.deaf_until

    def stepped(self, step: Step, now: float, spread: Callable[[float, float], float]) -> None:
        """A step ended: looks count again after its cool-down, the next rung waits longer."""
        self.taken.append(step)
        self.refusals = 0
        self._end_episode()
        self.deaf_until = now + RUNGS[step].cool_down
        self.not_before = max(self.deaf_until, now + pause(len(self.taken), spread))

    def _end_episode(self) -> None:
        self.since, self.failures = None, 0

    def _not_ill(self) -> None:
        self.ill_since, self.lost = None, 0

    def excuse(self) -> None:
        """Nothing works anywhere, so it is not its fault: it fails anew once something does."""
        self.failures = 0

    def forgive(self) -> None:
        """The illness is over."""
        self.taken.clear()
        self.not_before = float("-inf")
        self.handed_over = None


def pause(steps: int, spread: Callable[[float, float], float]) -> float:
    """Seconds until the next rung after so many in one illness."""
    base = min(PAUSE_LONGEST_S, PAUSE_FIRST_S * 2.0 ** (min(steps, 16) - 1))
    return float(base * (1.0 + spread(-JITTER, JITTER)))
