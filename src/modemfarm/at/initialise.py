# SPDX-License-Identifier: GPL-3.0-or-later
"""A modem's start: the plan's sequence as one operation that reads first and writes what differs.

AT, CMEE=2, CFUN=1, CPIN, CREG=2, CGREG=2, CEREG=2, COPS=0. A second run changes nothing: writing
COPS=0 again would make the modem register anew. A PIN is entered only by what the caller gives.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import (
    FarmError,
    SimBusyError,
    SimFailedError,
    SimMissingError,
    SimPinError,
    SimPukError,
    UnexplainedFailureError,
)
from . import lifecycle
from .answers import bare
from .commands.function import function
from .commands.operator import choose_automatically, operator
from .commands.registration import (
    Registration,
    circuit_registration,
    packet_registration,
    registration,
)
from .commands.sim import SimState, sim_state
from .session import AtSession

SIM_START_S = 10.0  # an EC25 reads the SIM within 3 to 5 s of CFUN=1
REPORTS = "2"  # unsolicited lines with area and cell
_DIGIT = re.compile(r"([0-9])\Z")

Unlock = Callable[[AtSession], object]


@dataclass(frozen=True)
class Step:
    """One step. `after` is what it stands at, or would in a rehearsal; error None if it went well.

    before and after are None where the modem did not say.
    """

    name: str
    before: str | None
    after: str | None
    changed: bool
    milliseconds: float
    error: str | None


@dataclass(frozen=True)
class Initialised:
    """The steps so far as they went. `error` is why it stopped; None when all are done."""

    steps: tuple[Step, ...]
    error: FarmError | None

    @property
    def changed(self) -> bool:
        """True when something was written, or would be."""
        return any(step.changed for step in self.steps)


@dataclass(frozen=True)
class _Setting:
    """What `read` should give, and how to get there. `check` raises for what nobody can write."""

    name: str
    read: Callable[[AtSession], str]
    wanted: str
    write: Callable[[AtSession], object]
    check: Callable[[str], None] = lambda _found: None


def initialise(
    session: AtSession, unlock: Unlock | None = None, dry_run: bool = False
) -> Initialised:
    """Bring the modem to where the farm wants it. FarmErrors are in the result, none is raised.

    `unlock` enters a PIN when the SIM wants one. With `dry_run` nothing is written.
    """
    done: list[Step] = []
    for setting in _sequence(unlock):
        step, error = _run(session, setting, dry_run)
        done.append(step)
        if error is not None:
            return Initialised(tuple(done), error)
    return Initialised(tuple(done), None)


def _run(session: AtSession, setting: _Setting, dry_run: bool) -> tuple[Step, FarmError | None]:
    started, before, after, changed, failed = time.monotonic(), None, None, False, None
    try:
        before = after = setting.read(session)
        setting.check(before)
        if before != setting.wanted:
            changed = True
            after = setting.wanted if dry_run else _write(session, setting)
    except FarmError as error:
        failed = error
    took = (time.monotonic() - started) * 1000
    reason = None if failed is None else failed.message
    return Step(setting.name, before, after, changed, took, reason), failed


def _write(session: AtSession, setting: _Setting) -> str:
    setting.write(session)
    after = setting.read(session)
    if after != setting.wanted:
        raise UnexplainedFailureError(
            f"{session.device} took {setting.name} and stays at {after}", "reset the modem"
        )
    return after


def _sequence(unlock: Unlock | None) -> tuple[_Setting, ...]:
    return (
        _Setting("AT", _answers, "OK", _answers),
        _Setting("CMEE", _error_form, "2", lambda session: session.command("AT+CMEE=2")),
        _Setting("CFUN", _function, "full", lambda session: session.send(lifecycle.radio_on())),
        _Setting("CPIN", _settled_sim, SimState.READY.value, unlock or _answers, _person(unlock)),
        _reporting("CREG", circuit_registration),
        _reporting("CGREG", packet_registration),
        _reporting("CEREG", registration),
        _Setting("COPS", _selection, "automatic", choose_automatically),
    )


def _reporting(name: str, ask: Callable[[AtSession], Registration]) -> _Setting:
    return _Setting(
        name,
        lambda session: str(ask(session).reports),
        REPORTS,
        lambda session: session.command(f"AT+{name}={REPORTS}"),
    )


def _answers(session: AtSession) -> str:
    session.command("AT")
    return "OK"


def _error_form(session: AtSession) -> str:
    return bare(session, "AT+CMEE?", _DIGIT, "+CMEE")


def _function(session: AtSession) -> str:
    return function(session).name.lower()


def _selection(session: AtSession) -> str:
    return operator(session).selection.name.lower()


def _settled_sim(session: AtSession) -> str:
    """The SIM's state once it has one: after CFUN=1 it is busy, or not seen, for some seconds."""
    until = time.monotonic() + SIM_START_S
    while True:
        state = sim_state(session)
        if state is not SimState.BUSY or time.monotonic() > until:
            return state.value
        session.pump()  # waits for an unsolicited line, which may be the SIM's


def _person(unlock: Unlock | None) -> Callable[[str], None]:
    """Stops at states that need somebody, with what that person should do."""
    need: dict[str, FarmError] = {
        SimState.ABSENT.value: SimMissingError("there is no SIM", "put a SIM in"),
        SimState.PUK.value: SimPukError("the SIM wants its PUK", "enter it in a telephone"),
        SimState.FAILED.value: SimFailedError("the SIM cannot be read", "clean or replace it"),
        SimState.BUSY.value: SimBusyError(
            f"the SIM stays busy for {SIM_START_S:g} s", "try again, or reset the modem"
        ),
        SimState.OTHER.value: SimFailedError(
            "the SIM or the modem is locked to a network or a device", "ask who sold it"
        ),
    }
    if unlock is None:
        need[SimState.PIN.value] = SimPinError("the SIM wants its PIN", "set agent_sim_pins")

    def check(found: str) -> None:
        if found in need:
            raise need[found]

    return check
