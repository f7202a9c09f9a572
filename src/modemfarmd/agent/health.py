# SPDX-License-Identifier: GPL-3.0-or-later
"""The rounds: each modem and its proxy are looked at every 30 s, suspects sooner.

Finds, never repairs: reports go to the worker, which judges them.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import replace

from modemfarm.errors import FarmError

from .look import Patient, Report

log = logging.getLogger(__name__)

INTERVAL_S = 30.0  # the plan's number, for modems and for proxies; one look serves both
# Three failures are an episode. Within 30 s they span a change of cell, and a stopped proxy is
# found within 60 s.
SUSPECT_S = 10.0
# A look that fails takes up to 15 s of waiting; with eight at once, thirty modems that all fail
# are through in a minute, and a thread that waits costs nothing.
SEATS = 8
BEAT_S = 1.0
# 2 s for the port, 20 s of commands, 15 s of requests: what takes longer hangs in the kernel.
HANGS_S = 60.0


class Health:
    """A few daemon threads look at the patients in turn; `report` is called from them."""

    def __init__(
        self,
        roster: Callable[[], tuple[Patient, ...]],
        suspects: Callable[[], Collection[str]],
        examine: Callable[[Patient], Report],
        report: Callable[[Report], None],
        stop: threading.Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._roster = roster
        self._suspects = suspects
        self._examine = examine
        self._report = report
        self._stop = stop
        self._clock = clock
        self._last: dict[str, float] = {}
        self._waiting: queue.SimpleQueue[Patient] = queue.SimpleQueue()
        self._queued: set[tuple[str, str | None]] = set()
        self._begun: dict[tuple[str, str | None], float] = {}
        self._hung: set[tuple[str, str | None]] = set()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin the rounds."""
        for _ in range(SEATS):
            self._add_seat()
        threading.Thread(target=self._rounds, name="health", daemon=True).start()

    def _add_seat(self) -> None:
        threading.Thread(target=self._serve, name="health-seat", daemon=True).start()

    def request(self, patient: Patient) -> None:
        """Look at this one soon, unless it waits already or is being looked at."""
        with self._lock:
            if _key(patient) in self._queued:
                return
            self._queued.add(_key(patient))
        self._waiting.put(patient)

    def turn(self) -> None:
        """Ask for the looks that are due now."""
        now = self._clock()
        roster = self._roster()
        suspects = self._suspects()
        self._last = {p.serial: self._last[p.serial] for p in roster if p.serial in self._last}
        for patient in roster:
            # New ones begin one a second, so that thirty are not looked at in the same second.
            last = self._last.setdefault(
                patient.serial, now - INTERVAL_S + len(self._last) % INTERVAL_S
            )
            pause = SUSPECT_S if patient.serial in suspects else INTERVAL_S
            if now - last >= pause:
                self._last[patient.serial] = now
                self.request(self._approachable(patient, now))

    def _approachable(self, patient: Patient, now: float) -> Patient:
        """Opening the port of a dying device can block for ever: then its data path is looked at
        without it. The seat is lost with the port, so there is another one.
        """
        with self._lock:
            begun = self._begun.get(_key(patient))
        if begun is None or now - begun < HANGS_S:
            return patient
        if _key(patient) not in self._hung:
            log.error("a look at %s has hung for %.0f s", patient.serial, now - begun)
            self._hung.add(_key(patient))
            self._add_seat()
        return replace(patient, at_port=None, silent=True)

    def _rounds(self) -> None:
        while not self._stop.wait(BEAT_S):
            self.turn()

    def _serve(self) -> None:
        while not self._stop.is_set():
            patient = self._waiting.get()
            with self._lock:
                self._begun[_key(patient)] = self._clock()
            try:
                self._report(self._examine(patient))
            except FarmError as error:
                log.warning("health of %s: %s", patient.serial, error)
            finally:
                with self._lock:
                    self._queued.discard(_key(patient))
                    self._begun.pop(_key(patient), None)
            if _key(patient) in self._hung:
                self._hung.discard(_key(patient))
                return  # it came back after all, and another has its seat


def _key(patient: Patient) -> tuple[str, str | None]:
    """A look by another AT port, or by none, does not wait for one that hangs."""
    return patient.serial, patient.at_port
