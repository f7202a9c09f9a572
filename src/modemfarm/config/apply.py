# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a modem's settings what they should be: look, plan, then write what differs."""

from dataclasses import dataclass, field
from typing import Any

from ..at.commands.identity import iccid
from ..at.commands.sim import SimState, sim_state
from ..at.session import AtSession
from ..contact import Contact
from ..errors import FarmError, SimFailedError, SimPinError
from ..pin.ledger import Ledger
from ..pin.unlock import unlock
from ..reset.steps import Workplace
from . import composition
from .change import SETTINGS, Change, Setting
from .wanted import Wanted


@dataclass
class Configured:
    """What differed and, outside check mode, is as wanted now."""

    contact: Contact
    changes: list[Change] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """`changed`, `changes` and Ansible's `diff`."""
        return {
            "changed": bool(self.changes),
            "changes": [change.as_dict() for change in self.changes],
            "diff": {
                "before": {change.name: change.before for change in self.changes},
                "after": {change.name: change.after for change in self.changes},
            },
        }


def configure(
    contact: Contact, wanted: Wanted, place: Workplace, ledger: Ledger, check_mode: bool
) -> Configured:
    """Plan all, then write: PIN, settings, composition last because it restarts the modem.

    In check mode nothing is written, and with a locked SIM only the PIN is foretold. Errors are
    FarmError and name the modem; what was written before one stays and is seen by the next run.
    """
    done = Configured(contact)
    with place.session(contact) as session:
        locked = _unlock(session, wanted, ledger, done, check_mode)
        if not locked:
            _settle(session, wanted, done, check_mode)
    if wanted.composition not in (None, contact.usb.composition):
        done.changes.append(Change("composition", contact.usb.composition, wanted.composition))
        if not check_mode and wanted.composition:
            done.contact = composition.change(contact, wanted.composition, place)
    return done


def _unlock(
    session: AtSession, wanted: Wanted, ledger: Ledger, done: Configured, check_mode: bool
) -> bool:
    """Enter the PIN where the SIM wants one; True when it stays locked (check mode only)."""
    if sim_state(session) is not SimState.PIN:
        return False
    if wanted.pin is None:
        raise SimPinError(
            "the SIM wants its PIN", "give `pin`, or set agent_sim_pins of the role agent"
        )
    done.changes.append(Change("pin", "pin required", "ready"))
    if check_mode:
        return True
    card = iccid(session)
    if card is None:
        raise SimFailedError("the SIM does not say its ICCID", "look at the SIM and its holder")
    unlock(session, card, wanted.pin, ledger)
    return False


def _settle(session: AtSession, wanted: Wanted, done: Configured, check_mode: bool) -> None:
    planned: list[tuple[Setting, Change]] = []
    for setting in SETTINGS:
        change = setting.change(session, wanted)
        if change is not None:
            planned.append((setting, change))
    for setting, change in planned:
        done.changes.append(change)
        if not check_mode:
            try:
                setting.carry_out(session, change)
            except FarmError as error:
                raise error.about(command=f"set {setting.name}") from error
