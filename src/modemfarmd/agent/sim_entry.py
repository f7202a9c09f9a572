# SPDX-License-Identifier: GPL-3.0-or-later
"""A SIM that cannot be read yet: what it wants, and its PIN where it is known and may be sent.

Runs in the thread that identifies the modem: at each of its starts, and again with pauses until
its SIM can be read. Which PIN was tried is in the ledger, so none goes out twice.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from modemfarm.at.commands.identity import Identity, iccid, imsi
from modemfarm.at.commands.sim import SimState, sim_state
from modemfarm.at.session import AtSession
from modemfarm.errors import (
    PinPolicyError,
    SettingsError,
    SimMissingError,
    SimPukError,
    WrongPasswordError,
)
from modemfarm.hold import Hold
from modemfarm.pin.ledger import Ledger
from modemfarm.pin.secret import DEFAULT_PATH, read_pins
from modemfarm.pin.unlock import unlock

log = logging.getLogger(__name__)

READABLE_S = 5.0  # from the PIN to a readable IMSI; an EC25 needs one to two seconds
POLL_S = 0.2


@dataclass(frozen=True)
class SimTrouble:
    """Why a SIM cannot be used and what to do, as the registry shows it."""

    reason: str
    remedy: str


_PIN_SETTING = "set its PIN in agent_sim_pins and run the role agent"
_REMEDIES = {
    SimState.PIN: _PIN_SETTING,
    SimState.PUK: "unlock the SIM in a phone with its PUK; the farm never does",
    SimState.ABSENT: "insert a SIM, then replug the modem",
    SimState.FAILED: "reseat the SIM; if it fails again, replace it",
    SimState.OTHER: "ask the seller of modem and SIM what they are locked to",
}


@dataclass(frozen=True)
class SimEntry:
    """Where PINs and their ledger are; tests put them elsewhere.

    `held` gives the hold of a modem by its IMEI: who holds it wants no PIN entered.
    """

    pins: Path = DEFAULT_PATH
    ledger: Ledger = field(default_factory=Ledger)
    pause: Callable[[float], None] = time.sleep
    held: Callable[[str], Hold | None] = lambda _: None

    def readable(self, session: AtSession, found: Identity) -> tuple[Identity, SimTrouble | None]:
        """The identity, with the SIM's numbers if it could be opened, and what is in the way.

        Raises what AtSession raises when the port is gone or silent.
        """
        if found.imsi is not None:
            return found, None
        state = sim_state(session)
        if state is SimState.PIN:
            hold = self.held(found.imei)
            if hold is not None:
                return found, SimTrouble(str(hold), f"modemfarm release {found.imei}")
            trouble = self._enter(session, found.iccid)
            return (self._read(session, found), None) if trouble is None else (found, trouble)
        if state not in _REMEDIES:
            return found, None  # ready or busy: it is asked again
        return found, SimTrouble(f"SIM {state.value}", _REMEDIES[state])

    def _enter(self, session: AtSession, number: str | None) -> SimTrouble | None:
        if number is None:
            return SimTrouble("PIN refused: the SIM's ICCID cannot be read", "replug the modem")
        try:
            pin = read_pins(self.pins).of(number)
            if pin is None:
                return SimTrouble("SIM pin required", _PIN_SETTING)
            unlock(session, number, pin, self.ledger)
        except WrongPasswordError as error:
            return SimTrouble("PIN refused: the SIM says that it is wrong", error.remedy)
        except (PinPolicyError, SettingsError, SimPukError, SimMissingError) as error:
            return SimTrouble(error.message, error.remedy)
        log.info("the SIM %s has taken its PIN", number)
        return None

    def _read(self, session: AtSession, found: Identity) -> Identity:
        """The SIM's numbers, once it has started; as they were when that takes too long."""
        deadline = time.monotonic() + READABLE_S
        while (name := imsi(session)) is None and time.monotonic() < deadline:
            self.pause(POLL_S)
        return replace(found, iccid=iccid(session), imsi=name)
