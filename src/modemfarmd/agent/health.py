# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks after modems that are there: radio values by AT, and a request through each proxy port.

Finds, never repairs: what it finds goes to the worker, which may apply again. No reset here.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import TypeVar

from modemfarm.apply.probe import ProbeError, probe
from modemfarm.at.commands.operator import operator as ask_operator
from modemfarm.at.commands.registration import registration as ask_registration
from modemfarm.at.commands.signal import signal as ask_signal
from modemfarm.at.session import LOCK_DIR, AtSession
from modemfarm.errors import AnswerUnreadableError, CommandFailedError, FarmError
from modemfarm.spool import Spool, SpoolFiles

from .store import Radio

log = logging.getLogger(__name__)
T = TypeVar("T")

INTERVAL_S = 45.0  # the plan says 30 to 60 s
SEATS = 4  # AT answers take milliseconds; four at once keep 30 modems within seconds
PORT_WAIT_S = 2.0  # another look comes in INTERVAL_S; a seat that waits is one fewer for others
PROBE_CAP_S = 8.0  # one try and its time-outs


@dataclass(frozen=True)
class Patient:
    """One modem to look at. port None: it does not serve, so only its radio is asked."""

    serial: str
    at_port: str | None
    port: int | None


@dataclass(frozen=True)
class Report:
    """What one look found. address None with failure None: the port was not asked."""

    serial: str
    radio: Radio | None
    address: str | None
    failure: str | None


def look(
    patient: Patient,
    address: IPv4Address,
    url: str,
    devices: Path = Path("/dev"),
    lock_dir: Path = LOCK_DIR,
    files: SpoolFiles | None = None,
) -> Report:
    """One look at one modem. Never raises FarmError: what fails is what it reports.

    What is said goes to `files`. A port that another program holds says nothing of the modem.
    """
    radio = _radio(patient, devices, lock_dir, files) if patient.at_port else None
    if patient.port is None:
        return Report(patient.serial, radio, None, None)
    try:
        seen = probe(address, patient.port, url, time.monotonic() + PROBE_CAP_S)
    except ProbeError as error:
        return Report(patient.serial, radio, None, error.message)
    return Report(patient.serial, radio, seen, None)


def _radio(
    patient: Patient, devices: Path, lock_dir: Path, files: SpoolFiles | None
) -> Radio | None:
    """None when the modem could not be asked: what is known of it stays."""
    device = str(devices / (patient.at_port or ""))
    try:
        with (
            Spool(patient.serial, "agent", files=files) as spool,
            AtSession(device, spool, lock_dir=lock_dir, wait=PORT_WAIT_S) as session,
        ):
            session.sync()
            signal = _value(ask_signal, session)
            registration = _value(ask_registration, session)
            operator = _value(ask_operator, session)
            return Radio(
                patient.serial,
                signal.rssi_dbm if signal else None,
                operator.name if operator else None,
                registration.state.name.lower() if registration else None,
            )
    except FarmError as error:
        log.debug("%s: %s", patient.serial, error.message)
    return None


def _value(ask: Callable[[AtSession], T], session: AtSession) -> T | None:
    """One answer; None when the modem says no or says rubbish. A silent or gone port raises."""
    try:
        return ask(session)
    except (CommandFailedError, AnswerUnreadableError):
        return None


class Health:
    """A few daemon threads look at the patients in turn; `report` is called from them."""

    def __init__(
        self,
        roster: Callable[[], tuple[Patient, ...]],
        examine: Callable[[Patient], Report],
        report: Callable[[Report], None],
        stop: threading.Event,
        interval: float = INTERVAL_S,
    ) -> None:
        self._roster = roster
        self._examine = examine
        self._report = report
        self._stop = stop
        self._interval = interval
        self._waiting: queue.SimpleQueue[Patient] = queue.SimpleQueue()
        self._queued: set[str] = set()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin the rounds."""
        for seat in range(SEATS):
            threading.Thread(target=self._serve, name=f"health-{seat}", daemon=True).start()
        threading.Thread(target=self._rounds, name="health", daemon=True).start()

    def request(self, patient: Patient) -> None:
        """Look at this one soon, unless it waits already."""
        with self._lock:
            if patient.serial in self._queued:
                return
            self._queued.add(patient.serial)
        self._waiting.put(patient)

    def _rounds(self) -> None:
        while not self._stop.wait(self._interval):
            for patient in self._roster():
                self.request(patient)

    def _serve(self) -> None:
        while not self._stop.is_set():
            patient = self._waiting.get()
            with self._lock:
                self._queued.discard(patient.serial)
            try:
                self._report(self._examine(patient))
            except FarmError as error:
                log.warning("health of %s: %s", patient.serial, error)
