# SPDX-License-Identifier: GPL-3.0-or-later
"""The carrier's short message service centre: stores, forwards, reports (3GPP TS 23.040).

A message for a modem that is away or full waits, and is tried again when the modem is back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from modemlab.modem import pdu, texts
from modemlab.modem.pdu import Submit, UserData

CENTRE_NUMBER = "+491510000000"  # modem numbers begin at 1, so nobody's own
# Real centres take one to five seconds; long enough here that the sender's answer comes first.
DELIVERY_SECONDS = 0.5
COUNTRY_CODE, TRUNK = "+49", "0"
REFERENCES = 256  # of concatenated messages the centre itself makes


class Later(Protocol):
    """The clock, as far as the centre needs it."""

    def later(self, seconds: float, call: Callable[[], None]) -> object: ...


class Subscriber(Protocol):
    """A modem as the centre sees it."""

    @property
    def msisdn(self) -> str: ...
    @property
    def clock(self) -> Later: ...
    def take_message(self, tpdu: bytes) -> bool:
        """Take a DELIVER or STATUS-REPORT; False when it is away or full."""
        ...


@dataclass
class SmsCentre:
    """Subscribers by number, and what waits for them. Not thread-safe: one event loop.

    `delay` is the time from the sender's acceptance to the first attempt, in seconds.
    """

    delay: float = DELIVERY_SECONDS
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    _subscribers: dict[str, Subscriber] = field(default_factory=dict)
    _waiting: dict[str, list[Parcel]] = field(default_factory=dict)
    _reference: int = 0

    def join(self, subscriber: Subscriber) -> None:
        """Know `subscriber` under its number from now on."""
        self._subscribers[subscriber.msisdn] = subscriber

    def leave(self, subscriber: Subscriber) -> None:
        """Forget it, and what waits for it."""
        self._subscribers.pop(subscriber.msisdn, None)
        self._waiting.pop(subscriber.msisdn, None)

    def submit(self, sender: Subscriber, submit: Submit) -> None:
        """Accept a message; it is delivered, and reported on if asked, later."""
        number = international(submit.number)
        sent = self.now()
        parcel = Parcel(pdu.deliver(sender.msisdn, submit.pid, submit.body, sent))
        if submit.report:
            parcel.done = lambda status: self._report(sender, submit, sent, status)
        if number in self._subscribers:
            sender.clock.later(self.delay, lambda: self._hand_over(number, parcel))
        else:
            sender.clock.later(self.delay, lambda: parcel.done(pdu.UNKNOWN_RECIPIENT))

    def inject(self, to: Subscriber, sender: str, text: str) -> int:
        """Deliver a text from outside, in as many parts as it needs; gives their number.

        `sender` is a number or a name. Raises ValueError when text or name cannot be sent.
        """
        self._reference = (self._reference + 1) % REFERENCES
        bodies = texts.bodies(text, self._reference)
        for tpdu in [self._outside(sender, body) for body in bodies]:
            self._hand_over(to.msisdn, Parcel(tpdu))
        return len(bodies)

    def try_again(self, subscriber: Subscriber) -> None:
        """The subscriber is back, or has room: deliver what waits, oldest first."""
        for parcel in self._waiting.pop(subscriber.msisdn, []):
            self._hand_over(subscriber.msisdn, parcel)

    def waiting(self, subscriber: Subscriber) -> int:
        """How many messages wait for it."""
        return len(self._waiting.get(subscriber.msisdn, []))

    def _outside(self, sender: str, body: UserData) -> bytes:
        try:
            length = pdu.encode_address(sender)[0]
        except KeyError as error:
            raise ValueError(f"{error} is not in the GSM alphabet") from None
        if not 1 <= length <= pdu.MAX_ADDRESS:
            raise ValueError("1 to 20 digits, or 1 to 11 characters")
        return pdu.deliver(sender, 0, body, self.now())

    def _hand_over(self, number: str, parcel: Parcel) -> None:
        subscriber = self._subscribers.get(number)
        if subscriber is None:
            parcel.done(pdu.UNKNOWN_RECIPIENT)
        elif not self._waiting.get(number) and subscriber.take_message(parcel.tpdu):
            parcel.done(pdu.DELIVERED)
        else:
            self._waiting.setdefault(number, []).append(parcel)

    def _report(self, sender: Subscriber, submit: Submit, sent: datetime, status: int) -> None:
        report = pdu.status_report(submit, sent, self.now(), status)
        sender.clock.later(self.delay, lambda: self._hand_over(sender.msisdn, Parcel(report)))


def _unasked(_status: int) -> None:
    """Nobody asked for a report."""


@dataclass
class Parcel:
    """A TPDU on its way; `done(status)` takes its TP-Status, once."""

    tpdu: bytes
    done: Callable[[int], None] = field(default=_unasked)


def international(number: str) -> str:
    """A number as dialled to the form subscribers are known by: 0151… is +49151…."""
    if number.startswith("+"):
        return number
    if number.startswith("00"):
        return "+" + number[2:]
    if number.startswith(TRUNK):
        return COUNTRY_CODE + number[1:]
    return "+" + number
