# SPDX-License-Identifier: GPL-3.0-or-later
"""Changing the USB composition: one modem of a host at a time, and only done when it came back.

A modem in a composition that its host cannot drive is lost until somebody goes there, so nobody
starts the next one before this one has answered in its new shape.
"""

from ..at import lifecycle
from ..at.session import AtSession
from ..contact import Contact
from ..errors import CommandTimeoutError
from ..host_lock import FOLDER, held
from ..reset.comeback import LEAVE_S, RETURN_S, Place, wait_back, wait_left
from ..reset.steps import Workplace
from .wanted import COMPOSITIONS

LOCK_WAIT_S = LEAVE_S + RETURN_S  # the longest that one modem before us can take
DRIVER_S = 20.0  # from the AT port to the network driver; the lab needs 1 s


def change(contact: Contact, composition: str, place: Workplace) -> Contact:
    """Store the composition, restart the modem, and see it come back in it.

    TransientError while another modem's is being changed; CommandTimeoutError when this one does
    not come back, or in another shape.
    """
    lock = place.watch.root / FOLDER.relative_to("/") / "composition.lock"
    with held(lock, LOCK_WAIT_S, "modem_config"):
        before = Place.of(contact.usb)
        with place.session(contact) as session:
            _store_and_restart(session, composition)
        wait_left(contact, before, place.watch)
        found = wait_back(contact, place.watch)
        return place.watch.until(
            lambda: _in_shape(found, composition, place), DRIVER_S, _wrong(found, composition)
        )


def _store_and_restart(session: AtSession, composition: str) -> None:
    session.send(lifecycle.set_usbnet(COMPOSITIONS[composition]))
    session.send(lifecycle.reset())


def _in_shape(contact: Contact, composition: str, place: Workplace) -> Contact | None:
    found = contact.again(place.watch.root)
    ready = found is not None and found.usb.composition == composition and found.usb.net
    return found if ready else None


def _wrong(contact: Contact, composition: str) -> CommandTimeoutError:
    return CommandTimeoutError(
        f"modem {contact.name} came back, but not in composition {composition} with a network"
        " interface",
        "look at modem_info and `dmesg`; set the old composition again",
    ).about(contact.name)
