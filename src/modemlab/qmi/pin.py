# SPDX-License-Identifier: GPL-3.0-or-later
"""PIN operations as QMI answers them, for DMS and for UIM (whose TLVs differ only in number)."""

from collections.abc import Callable

from modemlab.modem.errors import PukRequiredError, SimBlockedError, SimMissingError, WrongPinError
from modemlab.modem.sim import Sim, SimState
from modemlab.qmi.codec import Tlv
from modemlab.qmi.errors import Code, QmiError
from modemlab.qmi.service import Reply

# QmiUimPinState values
PIN_NOT_VERIFIED, PIN_VERIFIED, PIN_DISABLED, PIN_BLOCKED, PIN_PERMANENTLY_BLOCKED = 1, 2, 3, 4, 5
RETRIES_TLV = 0x10
PIN1 = 1


def pin1_state(sim: Sim) -> int:
    """The QmiUimPinState of PIN1."""
    state = sim.state
    if state is SimState.PUK:
        return PIN_BLOCKED
    if state is SimState.BLOCKED:
        return PIN_PERMANENTLY_BLOCKED
    if state is SimState.PIN:
        return PIN_NOT_VERIFIED
    return PIN_VERIFIED if sim.pin_enabled else PIN_DISABLED


def retries(sim: Sim) -> Tlv:
    """The tries that are left, as every PIN answer carries them."""
    return RETRIES_TLV, bytes([sim.pin_tries, sim.puk_tries])


def verify(sim: Sim, pin_id: int, pin: str) -> Reply:
    """Verify PIN. Raises QmiError with the tries left."""
    return _guard(sim, pin_id, lambda: sim.verify(pin))


def unblock(sim: Sim, pin_id: int, puk: str, new_pin: str) -> Reply:
    """Unblock PIN by PUK. Raises QmiError with the tries left."""
    return _guard(sim, pin_id, lambda: sim.unblock(puk, new_pin))


def change(sim: Sim, pin_id: int, old: str, new: str) -> Reply:
    """Change PIN. Raises QmiError with the tries left."""
    return _guard(sim, pin_id, lambda: sim.change_pin(old, new))


def protect(sim: Sim, pin_id: int, enabled: bool, pin: str) -> Reply:
    """Switch the PIN request on or off. Raises QmiError with the tries left."""
    return _guard(sim, pin_id, lambda: sim.set_lock(enabled, pin))


def _guard(sim: Sim, pin_id: int, action: Callable[[], None]) -> Reply:
    if pin_id != PIN1:
        raise QmiError(Code.INVALID_PIN_ID)
    try:
        action()
    except SimMissingError:
        raise QmiError(Code.UIM_UNINITIALIZED) from None
    except WrongPinError:
        raise QmiError(Code.INCORRECT_PIN, (retries(sim),)) from None
    except PukRequiredError:
        raise QmiError(Code.PIN_BLOCKED, (retries(sim),)) from None
    except SimBlockedError:
        raise QmiError(Code.PIN_ALWAYS_BLOCKED, (retries(sim),)) from None
    return [retries(sim)]
