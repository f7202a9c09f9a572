# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for a modem that was told to leave the bus: for its leaving, then for its return."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ..at.commands.identity import imei
from ..at.port_lock import LOCK_DIR
from ..contact import ROOT, Contact, first_answering
from ..errors import CommandTimeoutError, FarmError
from ..usb import UsbModem, find_modem

LEAVE_S = 20.0  # the EC25 says OK first and leaves the bus a second later, some firmware ten
# EC2x needs 11 s from AT+CFUN=1,1 to RDY; ports were seen up to 60 s after a plug-in.
RETURN_S = 90.0
POLL_S = 0.2
PORT_WAIT_S = 1.0  # per try; the agent asks the new modem who it is at the same moment

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """One life of a USB device: its path, and its number, which grows at each enumeration."""

    path: str
    devnum: str | None

    @classmethod
    def of(cls, usb: UsbModem) -> "Place":
        """The device as it is now."""
        try:
            return cls(usb.path, (usb.sysfs / "devnum").read_text(encoding="ascii").strip())
        except OSError:
            return cls(usb.path, None)


@dataclass(frozen=True)
class Watch:
    """Where and how to look; tests have a host of files and a clock of their own."""

    root: Path = ROOT
    lock_dir: Path = LOCK_DIR
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep

    def until(self, look: Callable[[], T | None], cap: float, late: FarmError) -> T:
        """What `look` gives once it gives something; `late` is raised after `cap` seconds."""
        deadline = self.clock() + cap
        while (found := look()) is None:
            if self.clock() > deadline:
                raise late
            self.pause(POLL_S)
        return found


def wait_left(contact: Contact, before: Place, watch: Watch) -> None:
    """Until the device is gone, enumerated anew, or without its ports. CommandTimeoutError."""
    watch.until(lambda: _left(before, watch.root), LEAVE_S, _still_there(contact))


def wait_back(contact: Contact, watch: Watch) -> Contact:
    """The same modem at the same path, once its AT port answers with the IMEI from before.

    CommandTimeoutError when it does not come back.
    """
    return watch.until(lambda: _back(contact, watch), RETURN_S, _missing(contact))


def _left(before: Place, root: Path) -> bool | None:
    usb = find_modem(before.path, root)
    return True if usb is None or not usb.ttys or Place.of(usb) != before else None


def _back(contact: Contact, watch: Watch) -> Contact | None:
    usb = find_modem(contact.usb.path, watch.root)
    if usb is None or not usb.at_candidates:
        return None
    found = Contact(contact.serial, usb, contact.devices)
    try:
        with first_answering(found.at_ports, None, watch.lock_dir, PORT_WAIT_S) as session:
            return found if contact.serial in (None, imei(session)) else None
    except FarmError:
        return None  # not ready yet; the cap ends the waiting


def _still_there(contact: Contact) -> CommandTimeoutError:
    return CommandTimeoutError(
        f"modem {contact.name} did not leave the bus within {LEAVE_S:g} s",
        "try the next step of the ladder: modem_reset with step: usb",
    ).about(contact.name)


def _missing(contact: Contact) -> CommandTimeoutError:
    return CommandTimeoutError(
        f"modem {contact.name} did not come back to USB path {contact.usb.path}"
        f" within {RETURN_S:g} s",
        "look at `dmesg`; power-cycle its hub port or replug it",
    ).about(contact.name)
