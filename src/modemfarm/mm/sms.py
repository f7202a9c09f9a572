# SPDX-License-Identifier: GPL-3.0-or-later
"""SMS by ModemManager, which splits, joins and encodes (org.freedesktop.ModemManager1.Modem.
Messaging). Bodies get into no record and no error.
"""

import re
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import CommandTimeoutError, FarmError, InvalidValueError, PortGoneError, ToolError
from ..mask import hidden
from .access import Access, Operation, as_dict
from .find import get_all
from .message import INTERFACE, Sms, parse_sms, sms_id, sms_path
from .objects import MODEM
from .parts import check_text, cost

MESSAGING = f"{MODEM}.Messaging"
# ModemManager itself gives a part 300 s (MM_BASE_SMS_DEFAULT_SEND_TIMEOUT), so its answer, which
# says why, comes before ours. The network takes 2 to 6 s, a refusal of it up to 120 s.
SEND_S = 310.0
SEND_NEXT_PART_S = 30.0  # a part that follows one that went out does not wait that long
DELETE_S = 60.0  # a memory cell for each part, 1 s each at most
MAX_ID = 2**31 - 1
# 3GPP TS 23.040 section 9.2.3.12.1: 5 minutes to 63 weeks.
VALIDITY_MINUTES = range(5, 63 * 7 * 24 * 60 + 1)
_RELATIVE = 1  # MM_SMS_VALIDITY_TYPE_RELATIVE
_NUMBER = re.compile(r"\+?[0-9]{3,15}\Z")  # ITU-T E.164 has 15 digits; short codes begin with 3
_MAYBE_SENT = "the message may have been sent all the same: look at the list before the next try"


@dataclass(frozen=True)
class Sent:
    """A message that the network has taken; `reference` is what its delivery report will name."""

    id: int
    number: str
    parts: int
    encoding: str
    state: str
    reference: int | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and Ansible."""
        return asdict(self)


def check_number(number: object) -> str:
    """Return a number that a message may be sent to or raise InvalidValueError."""
    if not isinstance(number, str) or not _NUMBER.match(number):
        raise InvalidValueError("number", number, "3 to 15 digits, a + before them or not")
    return number


def check_id(number: object) -> int:
    """Return the id of a message or raise InvalidValueError."""
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= MAX_ID:
        raise InvalidValueError("id", number, "the id of a message, as the list shows it")
    return number


def check_validity(minutes: object) -> int:
    """Return how long the SMS centre keeps trying, in minutes, or raise InvalidValueError."""
    if not isinstance(minutes, int) or isinstance(minutes, bool) or minutes not in VALIDITY_MINUTES:
        raise InvalidValueError("validity", minutes, "5 to 635040 minutes (63 weeks)")
    return minutes


def check_message(number: object, text: object, validity: object = None) -> None:
    """All that `send` checks before it asks anybody. InvalidValueError."""
    check_number(number)
    check_text(text)
    if validity is not None:
        check_validity(validity)


def send(
    modem: Access,
    number: str,
    text: str,
    delivery_report: bool = False,
    validity: int | None = None,
) -> Sent:
    """Send `text`; back when the network has taken all parts.

    InvalidValueError before anything is sent. A message that was refused is removed again; one of
    which nobody knows (CommandTimeoutError, ToolError) stays in the list.
    """
    check_message(number, text, validity)
    wanted: dict[str, tuple[str, Any]] = {
        "number": ("s", number),
        "text": ("s", text),
        "delivery-report-request": ("b", bool(delivery_report)),
    }
    if validity is not None:
        wanted["validity"] = ("(uv)", (_RELATIVE, ("u", validity)))
    takes = cost(text)
    command = f"send {number} {takes.parts} {'part' if takes.parts == 1 else 'parts'}"
    with modem.operation("sms", command, MESSAGING) as operation:
        (path,) = operation.call(operation.modem.path, MESSAGING, "Create", "a{sv}", wanted)
        _send(operation, str(path), SEND_S + SEND_NEXT_PART_S * (takes.parts - 1))
        state, reference = _after(operation, str(path))
        operation.answer = f"{state}, reference {reference}"
        return Sent(sms_id(path), number, takes.parts, takes.encoding, state, reference)


def list_(modem: Access) -> list[Sms]:
    """All messages that the modem's stores and ModemManager hold, by id."""
    with modem.operation("sms", "list", MESSAGING) as operation:
        ids = _ids(operation)
        answers = operation.answers([get_all(sms_path(number), INTERFACE) for number in ids])
        found = []
        for number, answer in zip(ids, answers, strict=True):
            if isinstance(answer, PortGoneError):
                continue  # deleted between the two questions
            if isinstance(answer, FarmError):
                raise answer
            found.append(parse_sms(number, as_dict(answer)))
        operation.answer = f"{len(found)} messages"
        return found


def read(modem: Access, number: int) -> Sms:
    """The message with id `number`. InvalidValueError when this modem has none."""
    check_id(number)
    with modem.operation("sms", f"read {number}", MESSAGING) as operation:
        _need_own(operation, number)
        found = parse_sms(number, operation.properties(sms_path(number), INTERFACE))
        operation.answer = f"{found.state} {found.type} {found.number} {hidden(found.text or '')}"
        return found


def delete(modem: Access, number: int) -> None:
    """Delete the message with id `number`, all its parts. InvalidValueError, as for `read`."""
    check_id(number)
    with modem.operation("sms", f"delete {number}", MESSAGING) as operation:
        _need_own(operation, number)
        _delete(operation, sms_path(number))
        operation.answer = "deleted"


def _ids(operation: Operation) -> list[int]:
    paths = operation.properties(operation.modem.path, MESSAGING).get("Messages", [])
    return sorted(sms_id(path) for path in paths)


def _need_own(operation: Operation, number: int) -> None:
    """Numbers of messages are ModemManager's, not the modem's: another modem's may not be hit."""
    ids = _ids(operation)
    if number not in ids:
        there = ", ".join(map(str, ids)) or "none"
        raise InvalidValueError("id", number, f"a message of this modem: {there}")


def _delete(operation: Operation, path: str) -> None:
    operation.call(operation.modem.path, MESSAGING, "Delete", "o", path, timeout=DELETE_S)


def _send(operation: Operation, path: str, timeout: float) -> None:
    try:
        operation.call(path, INTERFACE, "Send", timeout=timeout)
    except (CommandTimeoutError, ToolError, PortGoneError) as error:
        error.remedy = _MAYBE_SENT
        raise
    except FarmError:
        _forget(operation, path)
        raise


def _forget(operation: Operation, path: str) -> None:
    """Remove what was not sent, lest somebody sends it later; the reason of the failure counts."""
    try:
        _delete(operation, path)
    except FarmError:
        return


def _after(operation: Operation, path: str) -> tuple[str, int | None]:
    """State and reference. The message is sent: what goes wrong now does not undo it."""
    try:
        found = parse_sms(sms_id(path), operation.properties(path, INTERFACE))
    except FarmError:
        return "sent", None
    return found.state, found.reference
