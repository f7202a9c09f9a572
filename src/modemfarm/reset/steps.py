# SPDX-License-Identifier: GPL-3.0-or-later
"""The repair ladder's steps by name, cheapest first. Each acts on one modem and disturbs no other.

Which step is due is not decided here: a person or the agent names one, and gets the evidence from
before and after it. ModemManager is never restarted: that drops the bearers of all modems.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from ..at import lifecycle
from ..at.commands.registration import registration
from ..at.commands.signal import signal
from ..at.session import AtSession
from ..contact import Contact
from ..dialogue import at_session
from ..errors import (
    AnswerUnreadableError,
    CommandFailedError,
    FarmError,
    NoServiceError,
    PortGoneError,
    ToolError,
)
from ..mm import reconnect as mm_reconnect
from ..mm import reprobe as mm_reprobe
from ..record import Observer
from .comeback import Place, Watch, wait_back, wait_left

# Quectel's radio keeps a change of address only after about 4 s without it; 1 s works 4 times of 5.
RADIO_HOLD_S = 4.0
REGISTER_S = 60.0  # a cold search of an EC25 takes 3 to 40 s
POLL_S = 0.5


@dataclass(frozen=True)
class Evidence:
    """What a modem looks like from outside at one moment; None where it could not be asked."""

    usb_path: str
    devnum: str | None
    registration: str | None = None
    rssi_dbm: int | None = None
    error: str | None = None


@dataclass(frozen=True)
class Outcome:
    """One step done: its seconds, and the evidence from before and after."""

    step: str
    seconds: float
    before: Evidence
    after: Evidence

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and Ansible."""
        return asdict(self)


@dataclass(frozen=True)
class Workplace:
    """What a step works with."""

    observer: Observer
    watch: Watch = field(default_factory=Watch)

    def session(self, contact: Contact) -> Any:
        """Our AT port of the modem, as a context manager."""
        return at_session(contact, self.observer, self.watch.lock_dir)


def radio(contact: Contact, place: Workplace) -> Contact:
    """AT+CFUN=0, 4 s, AT+CFUN=1, and wait for registration. The bearer comes back by the agent."""
    with place.session(contact) as session:
        session.send(lifecycle.radio_off())
        try:
            place.watch.pause(RADIO_HOLD_S)
        finally:  # whatever happens, the radio does not stay off
            session.send(lifecycle.radio_on())
        late = NoServiceError("not registered again", "look at antenna, SIM and carrier")
        place.watch.until(lambda: _registered(session), REGISTER_S, late.about(contact.name))
    return contact


def reset(contact: Contact, place: Workplace) -> Contact:
    """AT+CFUN=1,1: the modem restarts and comes back to its USB path."""
    before = Place.of(contact.usb)
    with place.session(contact) as session:
        session.send(lifecycle.reset())
    wait_left(contact, before, place.watch)
    return wait_back(contact, place.watch)


def usb(contact: Contact, place: Workplace) -> Contact:
    """USB `authorized` 0 and 1: the host lets go of the device and takes it anew.

    For a modem that answers no command. Kernel documentation usb/authorization.
    """
    before = Place.of(contact.usb)
    _authorize(contact, "0")
    try:
        wait_left(contact, before, place.watch)
    finally:
        _authorize(contact, "1")
    return wait_back(contact, place.watch)


def reconnect(contact: Contact, _place: Workplace) -> Contact:
    """The bearer down and up again through NetworkManager, which owns it."""
    mm_reconnect.reconnect(_serial(contact, "reconnect"), contact.usb.path)
    return contact


def reprobe(contact: Contact, _place: Workplace) -> Contact:
    """ModemManager lets go of this modem and looks at it anew; the others keep theirs."""
    mm_reprobe.reprobe(contact.serial, contact.usb.path)
    return contact


STEPS: dict[str, Callable[[Contact, Workplace], Contact]] = {
    "reconnect": reconnect,
    "radio": radio,
    "reprobe": reprobe,
    "reset": reset,
    "usb": usb,
}


def run_step(step: str, contact: Contact, place: Workplace) -> Outcome:
    """Do one step. Errors are FarmError and name the modem; KeyError for a step without a name."""
    work = STEPS[step]
    before = evidence(contact, place)
    started = time.monotonic()
    try:
        after = work(contact, place)
    except FarmError as error:
        raise error.about(contact.name, f"step {step}") from error
    seconds = round(time.monotonic() - started, 1)
    return Outcome(step, seconds, before, evidence(after, place))


def evidence(contact: Contact, place: Workplace) -> Evidence:
    """A look at the modem; one that cannot be asked says why."""
    devnum = Place.of(contact.usb).devnum
    try:
        with place.session(contact) as session:
            stat = registration(session)
            heard = signal(session)
    except FarmError as error:
        return Evidence(contact.usb.path, devnum, error=error.message)
    return Evidence(contact.usb.path, devnum, stat.state.name.lower(), heard.rssi_dbm)


def _serial(contact: Contact, step: str) -> str:
    if contact.serial is None:
        raise PortGoneError(
            f"nobody knows which modem is at {contact.usb.path}", "take the step usb or reset first"
        ).about(contact.name, f"step {step}")
    return contact.serial


def _registered(session: AtSession) -> bool | None:
    try:
        return True if registration(session).state.registered else None
    except (CommandFailedError, AnswerUnreadableError):
        return None  # a radio that is just starting may say so


def _authorize(contact: Contact, value: str) -> None:
    path = contact.usb.sysfs / "authorized"
    try:
        path.write_text(value, encoding="ascii")
    except OSError as error:
        raise ToolError(
            f"cannot write {value} to {path}: {error.strerror}", "run it as root on the modem host"
        ).about(contact.name) from error
