# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding one modem of this host by its IMEI or its USB path, and all its ports with it.

Ports are joined through sysfs from the USB device downwards. The IMEI of a path is what the host
has noted (usb_map); where nothing is noted, the modems are asked. Whoever then speaks to the modem
lets it confirm the IMEI first: between two looks somebody may have swapped the sticks.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from .at.commands.identity import imei
from .at.port_lock import LOCK_DIR
from .at.session import AtSession
from .errors import FarmError, InvalidValueError, PortGoneError
from .identity import check_serial, check_usb_path
from .record import Observer
from .usb import UsbModem, find_modem, find_modems
from .usb_map import serial_at

ROOT = Path("/")
ASKERS = 30  # a farm's worth of modems; each waits for its own port, not for the processor
ASK_WAIT_S = 5.0  # for a port that another program holds at the moment


@dataclass(frozen=True)
class Contact:
    """A modem that is plugged in. `serial` is None where nobody has read its IMEI yet."""

    serial: str | None
    usb: UsbModem
    devices: Path = Path("/dev")

    @property
    def name(self) -> str:
        """What errors and logs call it: the IMEI, else the USB path."""
        return self.serial or self.usb.path

    @property
    def at_ports(self) -> tuple[str, ...]:
        """Devices of the AT ports that may be asked, best first. PortGoneError without any."""
        if not self.usb.at_candidates:
            raise PortGoneError(
                f"modem {self.name} has no AT port (composition {self.usb.composition})",
                "wait for its ports; see `dmesg` and modem_info",
            ).about(self.name)
        return tuple(str(self.devices / tty) for tty in self.usb.at_candidates)

    @property
    def qmi_port(self) -> str:
        """QMI control device. PortGoneError without one."""
        if self.usb.cdc_wdm is None or self.usb.composition != "qmi":
            raise PortGoneError(
                f"modem {self.name} has no QMI port (composition {self.usb.composition})",
                "modem_config with composition: qmi, then wait for its ports",
            ).about(self.name)
        return str(self.devices / self.usb.cdc_wdm)

    def expect(self, imei: str | None) -> None:
        """PortGoneError unless the modem says that it is the one we look for."""
        if self.serial is not None and imei != self.serial:
            raise PortGoneError(
                f"modem {self.serial} has left USB path {self.usb.path}; {imei} is there now",
                "look again with modem_info",
            ).about(self.serial)

    def again(self, root: Path = ROOT) -> "Contact | None":
        """The same modem as it is now, None when its place is empty."""
        usb = find_modem(self.usb.path, root)
        return None if usb is None else Contact(self.serial, usb, self.devices)


def find_contact(
    modem: str, root: Path = ROOT, ask: Callable[[Contact], str | None] | None = None
) -> Contact:
    """The modem with IMEI or at USB path `modem`.

    InvalidValueError, naming the modems that are there, for one that is not.
    """
    if "-" in modem:
        found = find_modem(check_usb_path(modem, "modem"), root)
        if found is None:
            raise _unknown(modem, all_contacts(root))
        contact = _contact(found, root)
        return contact if contact.serial else identified([contact], ask or ask_imei)[0]
    check_serial(modem, "modem")
    contacts = all_contacts(root)
    for contact in contacts:
        if contact.serial == modem:
            return contact
    asked = identified([c for c in contacts if c.serial is None], ask or ask_imei)
    for contact in asked:
        if contact.serial == modem:
            return contact
    raise _unknown(modem, [c for c in contacts if c.serial] + asked)


def all_contacts(root: Path = ROOT) -> list[Contact]:
    """Every EC25 on the bus, by USB path, with the IMEI that the host has noted."""
    return [_contact(modem, root) for modem in find_modems(root)]


def identified(contacts: list[Contact], ask: Callable[[Contact], str | None]) -> list[Contact]:
    """The contacts with the IMEI that `ask` gives; all are asked at once."""
    if not contacts:
        return []
    with ThreadPoolExecutor(min(ASKERS, len(contacts))) as pool:
        serials = list(pool.map(ask, contacts))
    pairs = zip(contacts, serials, strict=True)
    return [Contact(serial, contact.usb, contact.devices) for contact, serial in pairs]


def ask_imei(contact: Contact, lock_dir: Path = LOCK_DIR) -> str | None:
    """The IMEI that the modem says; None when it cannot be asked now."""
    try:
        with first_answering(contact.at_ports, lock_dir=lock_dir, wait=ASK_WAIT_S) as session:
            return imei(session)
    except FarmError:
        return None


@contextmanager
def first_answering(
    devices: Sequence[str],
    observer: Observer | None = None,
    lock_dir: Path = LOCK_DIR,
    wait: float = ASK_WAIT_S,
) -> Iterator[AtSession]:
    """A session on the first of `devices` that answers AT; the last one's error if none does."""
    *others, last = devices
    for device in others:
        session = AtSession(device, observer=observer, lock_dir=lock_dir, wait=wait)
        try:
            session.open()
            session.sync()
        except FarmError:
            session.close()
            continue
        with closing(session):
            yield session
        return
    with AtSession(last, observer=observer, lock_dir=lock_dir, wait=wait) as session:
        session.sync()
        yield session


def _contact(modem: UsbModem, root: Path) -> Contact:
    return Contact(serial_at(modem.path, root), modem, root / "dev")


def _unknown(modem: str, contacts: list[Contact]) -> InvalidValueError:
    there = ", ".join(f"{c.serial or 'unknown IMEI'} at {c.usb.path}" for c in contacts)
    error = InvalidValueError("modem", modem, f"a modem of this host: {there or 'none is there'}")
    error.about(modem)
    return error
