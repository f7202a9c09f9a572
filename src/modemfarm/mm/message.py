# SPDX-License-Identifier: GPL-3.0-or-later
"""One SMS as ModemManager shows it. Properties: introspection of org.freedesktop.ModemManager1.Sms;
numbers: ModemManager-enums.h (MMSmsState, MMSmsPduType, MMSmsDeliveryState, MMSmsStorage).
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from ..errors import AnswerUnreadableError
from .objects import ROOT

INTERFACE = "org.freedesktop.ModemManager1.Sms"
FOLDER = f"{ROOT}/SMS/"
STATES = ("unknown", "stored", "receiving", "received", "sending", "sent")
TYPES = {1: "deliver", 2: "submit", 3: "status-report"}
STORAGES = {1: "sm", 2: "me", 3: "mt", 4: "sr", 5: "bm", 6: "ta"}
NO_DELIVERY_STATE = 0x100  # MM_SMS_DELIVERY_STATE_UNKNOWN
STATUS_REPORT = "status-report"
# 3GPP TS 23.040 section 9.2.3.15, by the two highest of seven bits.
_DELIVERED, _TRYING, _FAILED, _GIVEN_UP = "delivered", "still trying", "failed", "given up"
# National and international form of one number end alike.
_SAME_DIGITS = 7


@dataclass(frozen=True)
class Sms:
    """One message. A text is what somebody sent: data, whatever it looks like.

    While `state` is "receiving" parts are missing and nothing but the state is reliable.
    `timestamp` is when the SMS centre got it, `discharged` when it was delivered (status reports
    only); both know their offset from UTC. `data` is a binary message as hex.
    """

    id: int
    state: str
    type: str | None
    number: str | None = None
    text: str | None = None
    data: str | None = None
    timestamp: datetime | None = None
    discharged: datetime | None = None
    delivery: str | None = None
    reference: int | None = None
    storage: str | None = None
    smsc: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and Ansible."""
        times = {name: getattr(self, name) for name in ("timestamp", "discharged")}
        shown = {name: time and time.isoformat() for name, time in times.items()}
        return {**asdict(self), **shown}


def sms_path(number: int) -> str:
    """The object of message `number`."""
    return f"{FOLDER}{number}"


def sms_id(path: object) -> int:
    """The number at the end of an object path. AnswerUnreadableError for another path."""
    tail = str(path).removeprefix(FOLDER)
    if not (tail.isascii() and tail.isdigit() and str(path).startswith(FOLDER)):
        raise AnswerUnreadableError(f"{path!r} is no message", "see ModemManager's version")
    return int(tail)


def parse_sms(number: int, properties: Mapping[str, Any]) -> Sms:
    """The message `number` from its properties. AnswerUnreadableError."""
    try:
        return _sms(number, properties)
    except (TypeError, ValueError) as error:
        raise AnswerUnreadableError(
            f"message {number} is unreadable: {error}", "see ModemManager's version"
        ) from error


def _sms(number: int, properties: Mapping[str, Any]) -> Sms:
    state = int(properties.get("State", 0))
    kind = TYPES.get(int(properties.get("PduType", 0)))
    return Sms(
        id=number,
        state=STATES[state] if 0 <= state < len(STATES) else STATES[0],
        type=kind,
        number=_text(properties, "Number"),
        text=_text(properties, "Text"),
        data=bytes(list(properties.get("Data", ()))).hex() or None,
        timestamp=_time(properties, "Timestamp"),
        discharged=_time(properties, "DischargeTimestamp"),
        delivery=_delivery(properties) if kind == STATUS_REPORT else None,
        reference=_reference(properties, kind),
        storage=STORAGES.get(int(properties.get("Storage", 0))),
        smsc=_text(properties, "SMSC"),
    )


def _text(properties: Mapping[str, Any], name: str) -> str | None:
    return str(properties.get(name, "")) or None


def _time(properties: Mapping[str, Any], name: str) -> datetime | None:
    """ISO 8601 with an offset; a carrier's impossible date is no date."""
    try:
        found = datetime.fromisoformat(str(properties.get(name, "")))
    except ValueError:
        return None
    return found if found.tzinfo else None


def _reference(properties: Mapping[str, Any], kind: str | None) -> int | None:
    return int(properties.get("MessageReference", 0)) if kind in ("submit", STATUS_REPORT) else None


def _delivery(properties: Mapping[str, Any]) -> str | None:
    state = int(properties.get("DeliveryState", NO_DELIVERY_STATE))
    if not 0 <= state < 0x80:
        return None
    return (_DELIVERED, _TRYING, _FAILED, _GIVEN_UP)[state >> 5]


def report_of(messages: Iterable[Sms], number: str, reference: int) -> Sms | None:
    """The latest status report on a message that was sent to `number` with `reference`.

    References are 8 bits and come again after 256 messages, so the number has to fit as well.
    """
    tail = number[-_SAME_DIGITS:].lstrip("+")
    fitting = [
        message
        for message in messages
        if message.type == STATUS_REPORT
        and message.reference == reference
        and (message.number or "").endswith(tail)
    ]
    return max(fitting, key=lambda message: message.id, default=None)
