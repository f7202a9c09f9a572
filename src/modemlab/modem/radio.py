# SPDX-License-Identifier: GPL-3.0-or-later
"""Registration and signal: what the modem hears, and whether the network takes it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from modemlab.modem.clock import Clock, Timer

FUNCTION_OFF, FUNCTION_FULL, FUNCTION_AIRPLANE = 0, 1, 4  # AT+CFUN values an EC25 takes


class Registration(Enum):
    """Where registration stands; the value is <stat> of AT+CREG (3GPP TS 27.007 section 7.2)."""

    OFF = 0
    HOME = 1
    SEARCHING = 2
    DENIED = 3
    ROAMING = 5

    @property
    def registered(self) -> bool:
        return self in (Registration.HOME, Registration.ROAMING)


class Selection(Enum):
    """Which network the modem was told to take."""

    AUTOMATIC = "automatic"
    OWN = "own"
    FORBIDDEN = "forbidden"
    ABSENT = "absent"
    NONE = "none"


@dataclass(frozen=True)
class Signal:
    """One reading. RSSI and RSRP in dBm, RSRQ in dB, SNR in 0.1 dB."""

    rssi: int
    rsrp: int
    rsrq: int
    snr: int

    @property
    def csq(self) -> int:
        """RSSI on the 0..31 scale of AT+CSQ."""
        return max(0, min(31, (self.rssi + 113) // 2))


NO_SIGNAL = Signal(rssi=-125, rsrp=-140, rsrq=-20, snr=-200)


def signal_at(number: int, seconds: float) -> Signal:
    """A slow wander of a few dB, different for each modem and the same for the same inputs."""
    base = -90 - number * 7 % 15
    sway = 4 * math.sin(seconds / 37 + number) + 2 * math.sin(seconds / 11 + 2 * number)
    rsrp = round(base + sway)
    return Signal(rssi=rsrp + 29, rsrp=rsrp, rsrq=-9 + round(sway / 3), snr=130 + round(10 * sway))


@dataclass
class Radio:
    """Radio of one modem. `on_change` is called after any change of `registration`."""

    number: int
    clock: Clock
    delay: float
    function: int = FUNCTION_FULL
    network: str = "home"
    selection: Selection = Selection.AUTOMATIC
    lte_allowed: bool = True  # whether scan mode and bands let it hear the one cell there is
    sim_ready: bool = True
    powered: bool = True
    registration: Registration = Registration.HOME
    on_change: Callable[[], None] = field(default=lambda: None)
    _search: Timer | None = None

    @property
    def signal(self) -> Signal:
        """The present reading; NO_SIGNAL with the radio off or no network in reach."""
        hears = self.powered and self.function == FUNCTION_FULL and self.lte_allowed
        if not hears or self.network == "none":
            return NO_SIGNAL
        return signal_at(self.number, self.clock.now())

    def restart(self) -> None:
        """What a power cycle does: full function, and the search begins anew."""
        self.function, self.powered = FUNCTION_FULL, True
        self._cancel_search()
        self.registration = Registration.OFF
        self.update()

    def stop(self) -> None:
        """Power is gone: no search goes on and nothing is told."""
        self.powered = False
        self._cancel_search()
        self.registration = Registration.OFF

    def set_function(self, function: int) -> None:
        """AT+CFUN / DMS operating mode: 0, 1 or 4."""
        self.function = function
        self.update()

    def select(self, selection: Selection) -> bool:
        """Take another network, or none. Gives whether that changed anything."""
        if selection is self.selection:
            return False
        self.selection = selection
        self._cancel_search()
        if self.registration.registered:
            self._settle(Registration.OFF)
        self.update()
        return True

    def allow_lte(self, allowed: bool) -> None:
        """Scan mode and bands changed."""
        self.lte_allowed = allowed
        self.update()

    def update(self) -> None:
        """Go towards what SIM, function and network allow; a home network takes `delay` seconds."""
        target = self._target()
        if not target.registered:
            self._cancel_search()
            self._settle(target)
        elif self.registration is not target and self._search is None:
            if self.delay <= 0:
                self._settle(target)
            else:
                self._settle(Registration.SEARCHING)
                self._search = self.clock.later(self.delay, self._found)

    def _target(self) -> Registration:
        if not (self.powered and self.sim_ready) or self.function != FUNCTION_FULL:
            return Registration.OFF
        if self.selection is Selection.NONE:
            return Registration.OFF
        if not self.lte_allowed or self.selection is Selection.ABSENT:
            return Registration.SEARCHING
        if self.selection is Selection.FORBIDDEN and self.network != "none":
            return Registration.DENIED
        return {
            "home": Registration.HOME,
            "roaming": Registration.ROAMING,
            "none": Registration.SEARCHING,
            "denied": Registration.DENIED,
        }[self.network]

    def _found(self) -> None:
        self._search = None
        self._settle(self._target())

    def _cancel_search(self) -> None:
        if self._search is not None:
            self._search.cancel()
            self._search = None

    def _settle(self, registration: Registration) -> None:
        if registration is not self.registration:
            self.registration = registration
            self.on_change()
