# SPDX-License-Identifier: GPL-3.0-or-later
"""The modem's short message service: out to the carrier's centre, in to the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from modemlab.carrier.sms_centre import CENTRE_NUMBER, COUNTRY_CODE, SmsCentre, international
from modemlab.modem import pdu
from modemlab.modem.errors import NotRegisteredError, StorageFullError
from modemlab.modem.messages import ME, Message, Status
from modemlab.modem.pdu import CLASS_NONE, Submit

if TYPE_CHECKING:
    from modemlab.modem.clock import Timer
    from modemlab.modem.modem import Modem

# From "send" to the network's acknowledgement; real ones need one to three seconds.
SEND_SECONDS = 0.3
# A barred international message kept the AT port of a real EC25 busy for about two minutes;
# ModemManager waits for five (MM_BASE_SMS_DEFAULT_SEND_TIMEOUT), so it hears the refusal.
HANG_SECONDS = 120.0
REFERENCES = 256
BARRED, OUT_OF_ORDER = 8, 38  # RP causes of 3GPP TS 24.011 section 8.2.5.4


class Action(IntEnum):
    """What happens to an incoming message (QmiWmsReceiptAction)."""

    DISCARD = 0
    STORE = 1
    TRANSFER = 2
    TRANSFER_AND_ACK = 3


@dataclass(frozen=True)
class Route:
    """Where incoming messages of a class go."""

    storage: str = ME
    action: Action = Action.STORE


@dataclass(frozen=True)
class Outcome:
    """How a sending ended: TP-MR, and the RP cause when the network refused."""

    reference: int
    cause: int | None = None


class ShortMessages:
    """Sending and receiving of one modem. Faults of the field are `faults.sms`."""

    def __init__(self, modem: Modem) -> None:
        self.modem = modem
        self.centre = SmsCentre()
        self.centre.join(modem)
        self.routes = dict.fromkeys(range(CLASS_NONE + 1), Route())
        self.transfer_reports = False
        self._reference = 0
        self._timers: list[Timer] = []

    def join(self, centre: SmsCentre) -> None:
        """Use the centre that other modems use as well."""
        self.centre = centre
        centre.join(self.modem)

    def send(self, tpdu: bytes, done: Callable[[Outcome], None]) -> None:
        """Send a SUBMIT; `done` comes when the network has answered, or never without power.

        Raises PduError, and NotRegisteredError.
        """
        submit = pdu.parse_submit(tpdu)
        if not self.modem.radio.registration.registered:
            raise NotRegisteredError("no network to send by")
        self._reference = (self._reference + 1) % REFERENCES
        submit = pdu.parse_submit(pdu.with_reference(tpdu, self._reference))
        seconds, cause = self._fate(submit)

        def finish() -> None:
            done(Outcome(submit.reference, cause))
            if cause is None and self.modem.faults.sms != "lost":
                self.centre.submit(self.modem, submit)

        self._timers = [*self._timers[-REFERENCES:], self.modem.clock.later(seconds, finish)]

    def take(self, tpdu: bytes) -> bool:
        """A DELIVER or STATUS-REPORT from the centre; False when it has to wait."""
        if not self.modem.radio.registration.registered:
            return False
        route, is_report = self._route(tpdu)
        if is_report and self.modem.at_engine.take_report(tpdu):
            return True
        if route.action is Action.STORE:
            return self._store(route.storage, tpdu)
        if route.action is not Action.DISCARD:
            acknowledge = route.action is Action.TRANSFER_AND_ACK
            self.modem.qmi_engine.message_transferred(tpdu, acknowledge=acknowledge)
        return True

    def back(self) -> None:
        """Registered again, or with room again: what waits may come."""
        self.centre.try_again(self.modem)

    def reset(self) -> None:
        """Power is gone: what was being sent is forgotten."""
        for timer in self._timers:
            timer.cancel()
        self._timers = []

    def _fate(self, submit: Submit) -> tuple[float, int | None]:
        """Seconds until the network's answer, and its cause when it refuses."""
        fault = self.modem.faults.sms
        if fault == "hang":
            at_home = international(submit.number).startswith(COUNTRY_CODE)
            return (SEND_SECONDS, None) if at_home else (HANG_SECONDS, BARRED)
        seconds = fault if isinstance(fault, float) else SEND_SECONDS
        return seconds, OUT_OF_ORDER if fault == "refuse" else None

    def _store(self, storage: str, tpdu: bytes) -> bool:
        smsc = pdu.encode_centre(CENTRE_NUMBER)
        try:
            message = self.modem.messages.add(storage, Status.UNREAD, tpdu, smsc)
        except StorageFullError:
            return False
        self._announce(message)
        return True

    def _announce(self, message: Message) -> None:
        self.modem.qmi_engine.message_stored(message)
        self.modem.at_engine.message_stored(message)

    def _route(self, tpdu: bytes) -> tuple[Route, bool]:
        """Where a TPDU goes, and whether it is a status report."""
        if tpdu[0] & pdu.MTI_MASK != pdu.STATUS_REPORT:
            return self.routes[pdu.message_class(tpdu)], False
        if self.transfer_reports:
            return Route(action=Action.TRANSFER), True
        return self.routes[CLASS_NONE], True
