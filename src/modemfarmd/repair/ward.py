# SPDX-License-Identifier: GPL-3.0-or-later
"""All modems on the bus with their courses, and what they say about each other. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .course import Course
from .order import Member
from .shared import WINDOW_S, Alarm, Shared

# A look at each neighbour since the first failure tells "this one" from "all of us". Rounds are
# 30 s and a failing look takes 10 s; a neighbour that is not looked at by then is not waited for.
NEIGHBOURS_S = 60.0


class Ward:
    """working: the modems that a step is being taken at; they are nobody's neighbours."""

    def __init__(self) -> None:
        self.members: dict[str, Member] = {}
        self.courses: dict[str, Course] = {}
        self.working: set[str] = set()
        self._gone: dict[str, tuple[str | None, float]] = {}
        self._shared = Shared()
        self._last_onset = float("-inf")

    def update(self, members: Iterable[Member], now: float) -> None:
        """Who is on the bus now; whole each time."""
        current = {member.serial: member for member in members}
        for serial in self.members.keys() - current.keys() - self.working:
            # What our own step takes off the bus comes back; the others were pulled or lost power.
            self._gone[serial] = (self.members[serial].hub, now)
        for serial, member in current.items():
            self._gone.pop(serial, None)
            course = self.courses.setdefault(serial, Course(now))
            if member.leave_alone and serial not in self.working:
                course.rest()
        self.members = current

    def suspects(self) -> frozenset[str]:
        """The modems to look at sooner than the others."""
        return frozenset(s for s in self.members if self.courses[s].ill_since is not None)

    def witness(self, serial: str, since: float) -> bool:
        """Another modem works, seen in a look that began after this one began to fail.

        Where others began to fail as well, it must have worked after the last of them.
        """
        if self.braked(serial):
            since = max(since, self._last_onset)
        for other, peer in self.courses.items():
            if peer.ill_since is not None or peer.seen is None or peer.seen.began < since:
                continue
            at_hand = other in self.members and other not in self.working
            if other != serial and at_hand and peer.seen.works:
                return True
        return False

    def neighbours_seen(self, serial: str, since: float, now: float) -> bool:
        """Each of them has been looked at since, so that it can be told whose trouble it is."""
        if now - since >= NEIGHBOURS_S:
            return True
        return all(
            member.leave_alone or member.busy or peer.looked is None or peer.looked >= since
            for member, peer in self._others(serial)
        )

    def braked(self, serial: str) -> bool:
        """True when this modem may not be reset now."""
        member = self.members.get(serial)
        return member is not None and self._shared.braked(member.hub)

    def together(self, serial: str) -> bool:
        """True for a modem that failed together with others."""
        return self._shared.together(serial)

    def look_together(self, now: float) -> Alarm | None:
        """Look for a shared cause; the alarm to raise or to end, if any."""
        self._gone = {s: g for s, g in self._gone.items() if now - g[1] <= WINDOW_S}
        onsets = {s: since for s in self.suspects() if (since := self.courses[s].ill_since)}
        unproven = {serial for serial in onsets if not self.courses[serial].proven}
        onsets |= {serial: since for serial, (_, since) in self._gone.items()}
        hubs = {serial: member.hub for serial, member in self.members.items()}
        hubs |= {serial: hub for serial, (hub, _) in self._gone.items()}
        self._shared.look(now, hubs, onsets, unproven)
        recent = [since for since in onsets.values() if now - since <= WINDOW_S]
        self._last_onset = max(recent, default=float("-inf"))
        if recent and not self.neighbours_seen("", min(recent), now):
            return None
        return self._shared.alarm(self._gone.keys() | {s for s in onsets if self._confirmed(s)})

    def _others(self, serial: str) -> Iterator[tuple[Member, Course]]:
        for other, member in self.members.items():
            if other != serial and other not in self.working:
                yield member, self.courses[other]

    def _confirmed(self, serial: str) -> bool:
        """Its failure is more than one lost request."""
        course = self.courses.get(serial)
        return course is not None and course.lost > 1
