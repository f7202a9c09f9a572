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
        self._queued: set[str] = set()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin the rounds."""
        for seat in range(SEATS):
            threading.Thread(target=self._serve, name=f"health-{seat}", daemon=True).start()
        threading.Thread(target=self._rounds, name="health", daemon=True).start()

    def request(self, patient: Patient) -> None:
        """Look at this one soon, unless it waits already or is being looked at."""
        with self._lock:
            if patient.serial in self._queued:
                return
            self._queued.add(patient.serial)
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
                self.request(patient)

    def _rounds(self) -> None:
        while not self._stop.wait(BEAT_S):
            self.turn()

    def _serve(self) -> None:
        while not self._stop.is_set():
            patient = self._waiting.get()
            try:
                self._report(self._examine(patient))
            except FarmError as error:
                log.warning("health of %s: %s", patient.serial, error)
            finally:
                with self._lock:
                    self._queued.discard(patient.serial)
