# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way in which people and programs speak to a modem: modules, CLI, agent and API.

A request is checked as a whole before anything is sent; the modem confirms its IMEI before it gets
a command; every command and answer goes to the observer.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .at import policy
from .at.commands.identity import imei
from .at.permit import Permit, Role
from .at.port_lock import LOCK_DIR
from .at.session import AtSession
from .contact import Contact, first_answering
from .errors import CommandFailedError, CommandRefusedError, FarmError
from .record import Observer, Record

PORT_WAIT_S = 10.0  # a health look holds the port for less than a second, an identification for 5 s


@dataclass(frozen=True)
class Said:
    """One command and what came of it.

    result is OK, ERROR or None (no answer); error has the fields of FarmError where it is not OK.
    """

    command: str
    lines: tuple[str, ...]
    result: str | None
    error: dict[str, Any] | None
    milliseconds: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and Ansible."""
        return {**asdict(self), "lines": list(self.lines)}


def check(commands: Sequence[str], role: Role, modem: str, observer: Observer) -> list[Permit]:
    """Permits for all commands, or CommandRefusedError for the first that may not be sent.

    A refusal is kept as well: it is what an audit looks for.
    """
    permits = []
    for command in commands:
        try:
            permits.append(policy.permit(command, role))
        except CommandRefusedError as error:
            error.about(modem, command[:80])
            observer(Record("at", repr(command[:80]), error.message, "refused", 0.0, time.time()))
            raise
    return permits


@contextmanager
def at_session(
    contact: Contact, observer: Observer, lock_dir: Path = LOCK_DIR, wait: float = PORT_WAIT_S
) -> Iterator[AtSession]:
    """Our AT port of a modem that has confirmed its IMEI. Errors name the modem."""
    try:
        with first_answering(contact.at_ports, observer, lock_dir, wait) as session:
            confirm(session, contact)
            yield session
    except FarmError as error:
        raise error.about(contact.name) from error


def confirm(session: AtSession, contact: Contact) -> None:
    """Let the modem say its IMEI; PortGoneError when another one sits at that USB path now."""
    if contact.serial is not None:
        contact.expect(imei(session))


def ask(session: AtSession, permits: Sequence[Permit]) -> list[Said]:
    """Send permits in order. A command that the modem refuses is part of the result and the next
    one follows; a port that is gone or silent ends it with the error.
    """
    return [_said(session, permit) for permit in permits]


def _said(session: AtSession, permit: Permit) -> Said:
    started = time.monotonic()
    lines: tuple[str, ...] = ()
    error = None
    try:
        lines = session.send(permit).lines
    except CommandFailedError as failure:
        error = failure.fields()
    milliseconds = round((time.monotonic() - started) * 1000, 1)
    return Said(permit.shown, lines, "ERROR" if error else "OK", error, milliseconds)
