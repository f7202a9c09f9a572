# SPDX-License-Identifier: GPL-3.0-or-later
"""One look at one modem: what it says by AT, its interface, its port, and a request through it.

Only looks. What it means is judged in `repair.verdict`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import TypeVar

from modemfarm.apply.probe import ProbeError, probe
from modemfarm.apply.sockets import owners, read_listeners
from modemfarm.at.commands.operator import operator as ask_operator
from modemfarm.at.commands.registration import registration as ask_registration
from modemfarm.at.commands.signal import detailed_signal as ask_details
from modemfarm.at.commands.signal import signal as ask_signal
from modemfarm.at.commands.sim import sim_state
from modemfarm.at.session import LOCK_DIR, AtSession
from modemfarm.errors import (
    AnswerUnreadableError,
    CommandFailedError,
    CommandTimeoutError,
    FarmError,
    PortBusyError,
)
from modemfarm.spool import Spool, SpoolFiles

from ..repair.evidence import Asked, Control, Evidence, Owner
from .interface import address_of, received_packets
from .pulse import answers
from .store import Radio

log = logging.getLogger(__name__)
T = TypeVar("T")

PORT_WAIT_S = 2.0  # another look comes soon; a seat that waits is one fewer for others


@dataclass(frozen=True)
class Patient:
    """One modem to look at. port None: it does not serve, so nothing is asked through it.

    uid is the one that its proxy runs as; interface is its network interface. Where it is not
    expected to serve, it is asked only when address and proxy are there. silent: its AT port is
    known to hang. listen: where its proxy listens, where that is not the farm's address.
    """

    serial: str
    at_port: str | None
    port: int | None
    uid: int | None = None
    interface: str | None = None
    expected: bool = True
    silent: bool = False
    listen: IPv4Address | None = None


@dataclass(frozen=True)
class Report:
    """What one look found; radio None: the modem could not be asked, what is known stays."""

    evidence: Evidence
    radio: Radio | None = None

    @property
    def serial(self) -> str:
        """The modem's IMEI."""
        return self.evidence.serial


@dataclass(frozen=True)
class Looker:
    """Looks. `second`: another target, asked when the first one does not answer."""

    address: IPv4Address
    first: str
    second: str | None = None
    devices: Path = Path("/dev")
    lock_dir: Path = LOCK_DIR
    files: SpoolFiles | None = None
    proc: Path = Path("/proc")
    sys: Path = Path("/sys")
    clock: Callable[[], float] = time.monotonic

    def __call__(self, patient: Patient) -> Report:
        """One look. Never raises FarmError: what fails is what it reports."""
        began = self.clock()
        seen, radio = Evidence(patient.serial, began, began), None
        if patient.silent:
            seen = replace(seen, control=Control.SILENT)
        elif patient.at_port is not None:
            seen, radio = self._control(seen, patient.at_port)
        if patient.interface is not None:
            found = address_of(patient.interface)
            addresses = () if found is None else (found,)
            seen = replace(seen, interface=patient.interface, addresses=addresses)
        if patient.port is not None:
            seen = self._through(seen, patient, patient.port)
        return Report(replace(seen, ended=self.clock()), radio)

    # By AT.

    def _control(self, seen: Evidence, port: str) -> tuple[Evidence, Radio | None]:
        try:
            with (
                Spool(seen.serial, "agent", files=self.files) as spool,
                AtSession(
                    str(self.devices / port), spool, lock_dir=self.lock_dir, wait=PORT_WAIT_S
                ) as session,
            ):
                session.sync()
                return self._said(seen, session)
        except PortBusyError:
            return replace(seen, control=Control.BUSY), None
        except CommandTimeoutError:
            return replace(seen, control=Control.SILENT), None
        except FarmError as error:
            log.debug("%s: %s", seen.serial, error.message)
            return seen, None

    def _said(self, seen: Evidence, session: AtSession) -> tuple[Evidence, Radio]:
        signal = _value(ask_signal, session)
        details = _value(ask_details, session)
        registration = _value(ask_registration, session)
        operator = _value(ask_operator, session)
        # A registered modem has a SIM that works.
        registered = registration is not None and registration.registered
        sim = None if registered else _value(sim_state, session)
        said = replace(
            seen,
            control=Control.ANSWERED,
            registration=registration.state.name.lower() if registration else None,
            sim=sim.name.lower() if sim else None,
        )
        radio = Radio(
            seen.serial,
            signal.rssi_dbm if signal else None,
            operator.name if operator else None,
            said.registration,
            details.rsrp_dbm if details else None,
            details.rsrq_db if details else None,
            details.sinr_db if details else None,
        )
        return said, radio

    # By its port.

    def _through(self, seen: Evidence, patient: Patient, port: int) -> Evidence:
        at = patient.listen or self.address
        seen = replace(seen, serves=patient.expected, owner=self._owner(at, port, patient.uid))
        if not patient.expected and (seen.owner is not Owner.OURS or not seen.addresses):
            return seen
        before = self._received(patient.interface)
        seen = replace(seen, first=self._ask(at, port, self.first))
        if seen.works:
            return seen
        seen = replace(seen, pulse=answers(str(at), port))
        if self.second is not None and seen.pulse:
            seen = replace(seen, second=self._ask(at, port, self.second))
        after = self._received(patient.interface)
        grew = None if before is None or after is None else after > before
        return replace(seen, received=grew)

    def _ask(self, at: IPv4Address, port: int, url: str) -> Asked:
        try:
            # One try: three looks in a row are the patience.
            return Asked(address=probe(at, port, url, time.monotonic()))
        except ProbeError as error:
            return Asked(failure=error.message)

    def _owner(self, at: IPv4Address, port: int, uid: int | None) -> Owner:
        if uid is None:
            return Owner.UNKNOWN
        found = owners(read_listeners(self.proc), at, port)
        if uid in found:
            return Owner.OURS
        return Owner.FOREIGN if found else Owner.NOBODY

    def _received(self, interface: str | None) -> int | None:
        return None if interface is None else received_packets(interface, self.sys)


def _value(ask: Callable[[AtSession], T], session: AtSession) -> T | None:
    """One answer; None when the modem says no or says rubbish. A silent or gone port raises."""
    try:
        return ask(session)
    except (CommandFailedError, AnswerUnreadableError):
        return None
