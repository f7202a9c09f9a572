# SPDX-License-Identifier: GPL-3.0-or-later
"""Take the bearer of one modem down and up again. NetworkManager owns bearers, so it is asked to:
a bearer that ModemManager ended by itself would come back without addresses and routes.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..apply import networkmanager as nm
from ..apply.profile import profile_uuid
from ..dbus.connection import Bus, BusError
from ..dbus.wire import INTERFACE, MEMBER, PATH, WireError, managed_objects
from ..errors import CommandTimeoutError, FarmError, NoServiceError, PermanentError, ToolError
from .find import find
from .objects import MmModem

DOWN_S = 30.0  # the modem answers a deactivation within 2 s; some networks are asked and are slow
UP_S = 90.0  # a dial takes 1 to 5 s; NetworkManager itself gives up after 60 s
LOOK_S = 1.0  # signals wake us; a missed one costs this


@dataclass(frozen=True)
class Reconnected:
    """The bearer is up again, on `interface`, after so many seconds."""

    interface: str | None
    seconds: float


def reconnect(
    serial: str, usb_path: str | None = None, bus: Callable[[], Bus] = Bus
) -> Reconnected:
    """Do it and wait for the address. Nothing is taken down that could not be brought up.

    ToolError, PermanentError without a profile, NoServiceError when the network refuses,
    CommandTimeoutError.
    """
    started = time.monotonic()
    with bus() as opened:
        try:
            interface = _Bearer(opened, find(opened, serial, usb_path)).again()
        except FarmError as error:
            error.about(serial, "reconnect")
            raise
    return Reconnected(interface, round(time.monotonic() - started, 2))


class _Bearer:
    def __init__(self, bus: Bus, modem: MmModem) -> None:
        self._bus = bus
        self._modem = modem
        self._control = modem.control or ""
        self._device_path = ""
        self._reason: int | None = None

    def again(self) -> str | None:
        """Down where it is up, then up; the interface."""
        self._bus.subscribe(nm.SIGNALS)
        profile = self._profile()
        device = self._device()
        self._device_path = device.path
        if device.active_path is not None:
            self._bus.call(nm.deactivate_call(device.active_path))
            self._until(self._is_down, DOWN_S, "went down")
        (active,) = self._bus.call(nm.activate_call(profile, device.path)).values()
        self._until(lambda: self._is_up(str(active)), UP_S, "came up")
        return self._device().ip_interface

    def _profile(self) -> str:
        try:
            return str(self._bus.call(nm.find_call(profile_uuid(self._modem.imei))).values()[0])
        except BusError as error:
            raise PermanentError(
                f"NetworkManager has no profile for modem {self._modem.imei}", "run modem_apply"
            ) from error

    def _state(self) -> nm.NmState:
        try:
            return nm.parse_state(
                managed_objects(self._bus.call(nm.READ), nm.INTERFACES.__contains__)
            )
        except (TypeError, ValueError) as error:
            raise WireError(f"NetworkManager's answer is unreadable: {error}") from error

    def _device(self) -> nm.NmDevice:
        found = self._state().devices.get(self._control)
        if found is None:
            raise ToolError(
                f"NetworkManager has no device {self._control or 'without a control port'}",
                "see `nmcli device` and `systemctl status NetworkManager`",
            )
        return found

    def _is_down(self) -> bool:
        return self._device().state <= nm.DISCONNECTED

    def _is_up(self, active: str) -> bool:
        state = self._state().actives.get(active)
        if state == nm.ACTIVE_ACTIVATED:
            return True
        if state is None or state > nm.ACTIVE_ACTIVATED:
            self._note_reasons(0)  # it came before the end that we have just seen
            reason = nm.REASONS.get(self._reason or 0, "NetworkManager does not say why")
            raise NoServiceError(
                f"the bearer did not come up: {reason}", "see `journalctl -u NetworkManager`"
            )
        return False

    def _until(self, done: Callable[[], bool], cap: float, what: str) -> None:
        deadline = time.monotonic() + cap
        while not done():
            left = deadline - time.monotonic()
            if left <= 0:
                raise CommandTimeoutError(
                    f"no bearer {what} within {cap:g} s", "see `journalctl -u NetworkManager`"
                )
            self._note_reasons(min(left, LOOK_S))

    def _note_reasons(self, timeout: float) -> None:
        for signal in self._bus.signals(timeout):
            if signal.get(PATH) != self._device_path:
                continue  # another modem's
            found = nm.failure_of(signal.get(INTERFACE), signal.get(MEMBER), signal.values())
            self._reason = found if found is not None else self._reason
