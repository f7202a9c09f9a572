# SPDX-License-Identifier: GPL-3.0-or-later
"""Entering a SIM's PIN: the only place of the farm that does, and never a PUK.

Rules: the SIM asks for its PIN and for nothing else, its ICCID read now is the one the PIN is for,
the modem says that three tries are left, and this PIN was never tried on this SIM, or the SIM took
it before. Everything else is PinPolicyError and sends nothing.
"""

from dataclasses import dataclass

from ..at.commands.identity import iccid as read_iccid
from ..at.commands.sim import SimState, pin_tries, sim_state
from ..at.permit import Permit
from ..at.session import AtSession
from ..at.syntax import Argument, Command, Kind
from ..at.timeouts import limit_of
from ..errors import (
    AnswerUnreadableError,
    CommandFailedError,
    FarmError,
    PinPolicyError,
    SimMissingError,
    SimPukError,
    WrongPasswordError,
)
from .ledger import Ledger
from .secret import Pin

TRIES_WANTED = 3  # all that a SIM has: one may be lost, and two stay for a person


@dataclass(frozen=True)
class Unlocked:
    """`sent` is False when the SIM wanted no PIN."""

    iccid: str
    sent: bool


def unlock(session: AtSession, iccid: str, pin: Pin, ledger: Ledger) -> Unlocked:
    """Enter the PIN if the SIM wants it and the rules allow it.

    PinPolicyError when they do not, WrongPasswordError when the SIM refused it, SimPukError and
    SimMissingError for its state, and what AtSession raises. After any end but the SIM's yes or no
    (time-out, unplugged, SIM busy) the PIN counts as tried.
    """
    if not _wants_pin(session):
        return Unlocked(iccid, sent=False)
    _same_sim(session, iccid)
    _enough_tries(session)
    ledger.begin(iccid, pin)
    try:
        session.send(_entry(pin))
    except (WrongPasswordError, SimPukError):
        ledger.end(iccid, pin, accepted=False)
        raise
    _taken(session)
    ledger.end(iccid, pin, accepted=True)
    return Unlocked(iccid, sent=True)


def _entry(pin: Pin) -> Permit:
    command = Command("+CPIN", Kind.WRITE, (Argument(pin.reveal(), True),))
    return Permit(command.text, 'AT+CPIN="****"', limit_of(command).seconds)


def _taken(session: AtSession) -> None:
    """An OK may be a late one of another command; only the SIM's state proves that it took it."""
    if sim_state(session) is SimState.PIN:
        raise _refused("the modem said OK, and the SIM still wants its PIN")


def _wants_pin(session: AtSession) -> bool:
    state = sim_state(session)
    if state is SimState.PUK:
        raise SimPukError(
            "the SIM wants its PUK", "unlock it in a phone; the farm never enters a PUK"
        )
    if state is SimState.ABSENT:
        raise SimMissingError("there is no SIM", "insert one")
    if state not in (SimState.PIN, SimState.READY):
        raise _refused(f"the SIM is not waiting for its PIN: {state.value}")
    return state is SimState.PIN


def _same_sim(session: AtSession, iccid: str) -> None:
    found = read_iccid(session)
    if found != iccid:
        raise _refused(f"the PIN is for the SIM {iccid}, and the modem has {found or 'another'}")


def _enough_tries(session: AtSession) -> None:
    left = _tries_left(session)
    if left is None:
        raise _refused("the modem does not say how many tries are left")
    if left < TRIES_WANTED:
        raise _refused(f"only {left} of {TRIES_WANTED} tries are left")


def _tries_left(session: AtSession) -> int | None:
    """None for any answer but a count. A port that vanished is another matter."""
    try:
        return pin_tries(session).pin1
    except (CommandFailedError, AnswerUnreadableError):
        return None


def _refused(why: str) -> FarmError:
    return PinPolicyError(
        f"PIN refused: {why}", "enter the PIN with the SIM in a phone, or switch it off there"
    )
