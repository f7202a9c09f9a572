# SPDX-License-Identifier: GPL-3.0-or-later
"""The SIM: presence, PIN and PUK with their tries. Tries live on the card, so power keeps them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from modemlab.modem.errors import (
    PinRequiredError,
    PukRequiredError,
    SimBlockedError,
    SimMissingError,
    WrongPinError,
)

PIN_TRIES = 3  # 3GPP TS 31.101 section 9.5
PUK_TRIES = 10


class SimState(Enum):
    """What the card wants next."""

    MISSING = "missing"
    PIN = "pin"
    PUK = "puk"
    BLOCKED = "blocked"
    READY = "ready"


@dataclass
class Sim:
    """One card. `on_change` is called after any change of `state`."""

    pin: str
    puk: str
    present: bool = True
    pin_enabled: bool = False
    verified: bool = False
    pin_tries: int = PIN_TRIES
    puk_tries: int = PUK_TRIES
    pin_attempts: int = 0  # PINs and PUKs that the card was given since it was made, right ones too
    on_change: Callable[[], None] = field(default=lambda: None)

    @property
    def state(self) -> SimState:
        if not self.present:
            return SimState.MISSING
        if self.pin_tries == 0:
            return SimState.PUK if self.puk_tries else SimState.BLOCKED
        if self.pin_enabled and not self.verified:
            return SimState.PIN
        return SimState.READY

    def power_cycle(self) -> None:
        """What a reset does: the PIN has to be given again."""
        self.verified = False

    def set_fault(self, kind: str) -> None:
        """Bring the card into the state a fault names: ok, missing, pin or puk."""
        self.present = kind != "missing"
        self.pin_enabled = kind in ("pin", "puk")
        self.verified = False
        self.pin_tries = 0 if kind == "puk" else PIN_TRIES
        self.puk_tries = PUK_TRIES
        self.on_change()

    def verify(self, pin: str) -> None:
        """Check the PIN. Raises a SimError: missing, PUK required, blocked, wrong."""
        self._require_pin_usable()
        self._spend_pin_try(pin)
        self.verified = True
        self.on_change()

    def unblock(self, puk: str, new_pin: str) -> None:
        """Set a new PIN by PUK. Raises a SimError: missing, blocked or wrong."""
        if not self.present:
            raise SimMissingError
        if not self.puk_tries:
            raise SimBlockedError
        self.pin_attempts += 1
        if puk != self.puk:
            self.puk_tries -= 1
            self.on_change()
            raise WrongPinError
        self.pin, self.pin_tries, self.puk_tries = new_pin, PIN_TRIES, PUK_TRIES
        self.verified = True
        self.on_change()

    def set_lock(self, enabled: bool, pin: str) -> None:
        """Switch the PIN request on or off. Raises as `verify` does."""
        self._require_pin_usable()
        self._spend_pin_try(pin)
        self.pin_enabled, self.verified = enabled, True
        self.on_change()

    def change_pin(self, old: str, new: str) -> None:
        """Replace the PIN. Raises as `verify` does."""
        self._require_pin_usable()
        self._spend_pin_try(old)
        self.pin, self.verified = new, True
        self.on_change()

    def require_ready(self) -> None:
        """Raise a SimError (missing, PIN or PUK required, blocked) unless files can be read."""
        if self.state is SimState.PIN:
            raise PinRequiredError
        self._require_pin_usable()

    def _require_pin_usable(self) -> None:
        if self.state is SimState.MISSING:
            raise SimMissingError
        if self.state is SimState.PUK:
            raise PukRequiredError
        if self.state is SimState.BLOCKED:
            raise SimBlockedError

    def _spend_pin_try(self, pin: str) -> None:
        self.pin_attempts += 1
        if pin == self.pin:
            self.pin_tries = PIN_TRIES
            return
        self.pin_tries -= 1
        self.on_change()
        raise PukRequiredError if self.pin_tries == 0 else WrongPinError
