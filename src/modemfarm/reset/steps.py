# SPDX-License-Identifier: GPL-3.0-or-later
"""The repair ladder's steps by name, cheapest first. Each acts on one modem and disturbs no other.

Which step is due is not decided here: a person or the agent names one, and gets the evidence from
before and after it. ModemManager is never restarted: that drops the bearers of all modems.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .. import undo
from ..apply.host import Host
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
    PermanentError,
    PortGoneError,
)
from ..mm import reconnect as mm_reconnect
from ..mm import reprobe as mm_reprobe
from ..record import Observer
from ..settings import DEFAULT_PATH as SETTINGS
from ..settings import FarmSettings
from ..snapshot import DEFAULT_PATH as SNAPSHOT
from ..undo import Note, Undo
from ..usb import find_modems
from . import hub, names
from .comeback import Place, Watch, wait_back, wait_left
from .instance import Instance

# Quectel's radio keeps a change of address only after about 4 s without it; 1 s works 4 times of 5.
RADIO_HOLD_S = 4.0
REGISTER_S = 60.0  # a cold search of an EC25 takes 3 to 40 s
POLL_S = 0.5


@dataclass(frozen=True)
class Evidence:
    """What a modem looks like from outside at one moment; None where it could not be asked.

    port: what its proxy said, for the step that is about it.
    """

    usb_path: str
    devnum: str | None
    registration: str | None = None
    rssi_dbm: int | None = None
    error: str | None = None
    port: str | None = None


@dataclass
class Outcome:
    """One step: its seconds, and the evidence from before and after.

    before is None for a step that did not begin, after for one that did not end well.
    """

    step: str
    seconds: float = 0.0
    before: Evidence | None = None
    after: Evidence | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and Ansible."""
        return asdict(self)


@dataclass(frozen=True)
class Workplace:
    """What a step works with; `host` opens the host for those that need more than the modem."""

    observer: Observer
    watch: Watch = field(default_factory=Watch)
    host: Callable[[Path], Host] = Host

    def session(self, contact: Contact) -> Any:
        """Our AT port of the modem, as a context manager."""
        return at_session(contact, self.observer, self.watch.lock_dir)

    def path(self, absolute: Path) -> Path:
        """`absolute` on the host that is worked on."""
        return self.watch.root / absolute.relative_to("/")

    def note(self, contact: Contact, step: str) -> Note:
        """Note what has to be undone should this program be killed."""
        return Note(contact.serial, Undo(step, contact.usb.path), self.path(undo.FOLDER))


def radio(contact: Contact, place: Workplace) -> Contact:
    """AT+CFUN=0, 4 s, AT+CFUN=1, and wait for registration. The bearer comes back by the agent."""
    with place.session(contact) as session:
        note = place.note(contact, undo.RADIO)
        try:
            session.send(lifecycle.radio_off())
            place.watch.pause(RADIO_HOLD_S)
        finally:  # whatever happens, the radio does not stay off
            session.send(lifecycle.radio_on())
            note.remove()
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
    before, root = Place.of(contact.usb), place.watch.root
    note = place.note(contact, undo.USB)
    try:
        undo.authorize(contact.usb.path, "0", root)
        wait_left(contact, before, place.watch)
    finally:
        undo.authorize(contact.usb.path, "1", root)
        note.remove()
    return wait_back(contact, place.watch)


def hub_power(contact: Contact, place: Workplace) -> Contact:
    """The power of its hub port off for 5 s, where the hub switches that port alone.

    PermanentError where it does not, and where the farm does not want it.
    """
    if not FarmSettings.load(place.path(SETTINGS)).hub_power:
        raise PermanentError(
            "this farm does not switch hub ports", "set farm_hub_power: true (role farm)"
        )
    run = place.host(place.watch.root).run
    before, port = Place.of(contact.usb), hub.HubPort.of(contact.usb.path)
    others = [m.path for m in find_modems(place.watch.root) if m.path != contact.usb.path]
    hub.check(port, others, run)
    note = place.note(contact, undo.HUB_POWER)
    try:
        hub.switch(port, False, run)
        wait_left(contact, before, place.watch)
        place.watch.pause(hub.OFF_S)
    finally:
        hub.switch(port, True, run)
        note.remove()
    return wait_back(contact, place.watch)


def proxy(contact: Contact, place: Workplace) -> Contact:
    """Restart the modem's proxy, and no other one, and see its port answer."""
    with _instance(contact, place) as instance:
        instance.restart(place.watch)
    return contact


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
    "proxy": proxy,
    "radio": radio,
    "reprobe": reprobe,
    "reset": reset,
    "usb": usb,
    "hub-power": hub_power,
}
assert tuple(STEPS) == names.STEPS  # noqa: S101 - two lists of one thing


def run_step(
    step: str, contact: Contact, place: Workplace, outcome: Outcome | None = None
) -> Outcome:
    """Do one step. Errors are FarmError and name the modem; KeyError for a step without a name.

    A caller that gives `outcome` has the evidence of a step that failed as well.
    """
    work, outcome = STEPS[step], outcome or Outcome(step)
    outcome.before = evidence(contact, place, step)
    started = time.monotonic()
    try:
        after = work(contact, place)
    except FarmError as error:
        raise error.about(contact.name, f"step {step}") from error
    finally:
        outcome.seconds = round(time.monotonic() - started, 1)
    outcome.after = evidence(after, place, step)
    return outcome


def evidence(contact: Contact, place: Workplace, step: str = "") -> Evidence:
    """A look at the modem; one that cannot be asked says why."""
    devnum = Place.of(contact.usb).devnum
    if step == "proxy":
        return _evidence_of_port(contact, place, devnum)
    try:
        with place.session(contact) as session:
            stat = registration(session)
            heard = signal(session)
    except FarmError as error:
        return Evidence(contact.usb.path, devnum, error=error.message)
    return Evidence(contact.usb.path, devnum, stat.state.name.lower(), heard.rssi_dbm)


def _evidence_of_port(contact: Contact, place: Workplace, devnum: str | None) -> Evidence:
    try:
        with _instance(contact, place) as instance:
            return Evidence(contact.usb.path, devnum, port=instance.look())
    except FarmError as error:
        return Evidence(contact.usb.path, devnum, error=error.message)


def _instance(contact: Contact, place: Workplace) -> Instance:
    serial = _serial(contact, "proxy")
    host = place.host(place.watch.root)
    return Instance.of(serial, place.path(SETTINGS), place.path(SNAPSHOT), host)


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
