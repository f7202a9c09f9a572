# SPDX-License-Identifier: GPL-3.0-or-later
"""The states of a modem, which of them may follow which, and how long each wait may last. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from ..registry.model import Outcome


class State(StrEnum):
    """How a modem stands, or a device that has no name yet. Each is told with a reason."""

    ABSENT = "offline"  # the word of modem_apply and of the registry's rows
    IDENTIFYING = "identifying"
    WAITING = "waiting"  # for ports, QMI, SIM, network: see CAPS
    APPLYING = "applying"
    SERVING = "serving"
    DEGRADED = "degraded"  # serves less than it should, or waits longer than it should
    REPAIRING = "repairing"
    HELD = "held"
    QUARANTINED = "quarantined"
    FAILED = "failed"


_RESULTS = {State.ABSENT, State.WAITING, State.SERVING, State.DEGRADED, State.HELD, State.FAILED}
_HERE = _RESULTS | {State.APPLYING, State.REPAIRING, State.QUARANTINED}
# A modem that is away or in quarantine is brought back by a look at the bus, never by the late
# answer of an apply that began before.
ALLOWED: Mapping[State, frozenset[State]] = {
    State.ABSENT: frozenset({State.IDENTIFYING, State.APPLYING, State.QUARANTINED}),
    State.IDENTIFYING: frozenset(
        {State.ABSENT, State.APPLYING, State.REPAIRING, State.QUARANTINED, State.FAILED}
    ),
    State.QUARANTINED: frozenset({State.ABSENT, State.IDENTIFYING, State.APPLYING}),
    State.FAILED: frozenset({*_HERE, State.IDENTIFYING}),
    **{
        state: frozenset(_HERE)
        for state in (
            State.WAITING, State.APPLYING, State.SERVING, State.DEGRADED, State.REPAIRING,
            State.HELD,
        )
    },
}  # fmt: skip


def allowed(before: State, after: State) -> bool:
    """Whether `after` may follow; staying is always allowed."""
    return before is after or after in ALLOWED[before]


@dataclass(frozen=True)
class Standing:
    """The state of a device that is not known by name; since: monotonic seconds."""

    state: State
    reason: str
    remedy: str | None
    since: float


@dataclass(frozen=True)
class Cap:
    """The longest wait for something, what the modem is after it, and what to do then."""

    seconds: float
    then: State
    remedy: str


CAPS: Mapping[str, Cap] = {
    # All ports come within 12 s of a plug-in; a driver that is missing does not come at all.
    "ports": Cap(60.0, State.FAILED, "check `lsmod` for option and qmi_wwan, then replug it"),
    # ModemManager takes 30 modems in 60 s; under emulation three times that.
    "QMI": Cap(240.0, State.FAILED, "see `journalctl -u ModemManager`, then replug the modem"),
    "SIM": Cap(120.0, State.FAILED, "reseat the SIM; if it stays, try it in another modem"),
    # A first attach in a strange network may take minutes; the modem itself is in order.
    "network": Cap(300.0, State.DEGRADED, "check antenna, coverage, APN and the SIM's contract"),
}
# What modem_apply's reasons are about; the first that fits. No fit: a wait for our own parts,
# which has no cap because no modem is to blame.
_SIGNS = (
    ("ports", ("has not appeared",)),
    ("network", ("not registered", "bearer", "NetworkManager")),
    ("SIM", ("SIM", "PIN")),
    ("QMI", ("ModemManager", "QMI")),
)


def waits_for(reason: str | None) -> str | None:
    """What a waiting modem waits for: a key of CAPS, or None."""
    for what, signs in _SIGNS:
        if reason and any(sign in reason for sign in signs):
            return what
    return None


class Patience:
    """Turns a wait that has lasted too long into what it is. Keys are serials."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: dict[str, tuple[str, float]] = {}

    def forget(self, serial: str) -> None:
        """It went away, or started anew: its waits begin again."""
        self._since.pop(serial, None)

    def judged(self, outcome: Outcome) -> Outcome:
        """The outcome as it is to be told."""
        what = waits_for(outcome.reason) if outcome.state == State.WAITING else None
        if what is None:
            self.forget(outcome.serial)
            return outcome
        known, since = self._since.get(outcome.serial, (what, self._clock()))
        if known != what:
            since = self._clock()
        self._since[outcome.serial] = (what, since)
        cap, waited = CAPS[what], self._clock() - since
        if waited < cap.seconds:
            return outcome
        return replace(
            outcome,
            status="error" if cap.then is State.FAILED else outcome.status,
            state=str(cap.then),
            reason=f"it waits for {what} since {waited / 60:.0f} min: {outcome.reason}",
            remedy=cap.remedy,
        )
