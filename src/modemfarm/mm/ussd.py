# SPDX-License-Identifier: GPL-3.0-or-later
"""USSD by ModemManager, for balances and the like (org.freedesktop.ModemManager1.Modem.Modem3gpp.
Ussd; states: MMModem3gppUssdSessionState in ModemManager-enums.h).
"""

import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import (
    CommandRefusedError,
    CommandTimeoutError,
    FarmError,
    InvalidValueError,
    PortBusyError,
)
from ..mask import hidden
from .access import Access, Operation
from .find import PROPERTIES
from .objects import NETWORK, SERVICE

USSD = f"{NETWORK}.Ussd"
# The network's answer comes within 30 s or not at all; ModemManager gives the modem 100 s.
ANSWER_S = 120.0
CANCEL_S = 30.0
RESPONSE_S = 30.0  # from a response to the next text; networks end a session after a minute
LOOK_S = 1.0  # signals wake us; a missed one costs this
MAX_ANSWERS = 10  # menus of carriers are three or four deep
IDLE, USER_RESPONSE = "idle", "user-response"
STATES = ("unknown", IDLE, "active", USER_RESPONSE)
_CHANGES = f"type='signal',sender='{SERVICE}',path='{{}}',interface='{PROPERTIES}'"
_CODE = re.compile(r"[*#][0-9*#]{1,30}#\Z")
_RESPONSE = re.compile(r"[0-9*#]{1,30}\Z")
# 3GPP TS 22.030 section 6.5.2 and annex B, TS 22.101 annex A: what is no question to the carrier.
# Two signs at the start register or erase (also the PIN, by **04*); one sign with one of these
# codes switches diversions (21, 61, 62, 67, 002, 004) and barrings (33 to 353, 03 their password).
_REGISTERS = re.compile(r"\*\*|##")
_SWITCHES = re.compile(r"[*#](?:21|61|62|67|002|004|33|330|331|332|333|35|351|353|03|04|042|05|052)"
                       r"[*#]")  # fmt: skip
_SECRET = re.compile(r"[0-9]{8,}")  # a voucher or an account is in it


@dataclass(frozen=True)
class Answer:
    """What the network said. In state "user-response" it waits for a response, else it is over."""

    text: str
    state: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and Ansible."""
        return asdict(self)


@dataclass(frozen=True)
class Session:
    """What goes on: `notification` and `request` are what the network said by itself."""

    state: str
    notification: str | None
    request: str | None


def check_code(code: object) -> str:
    """Return a code that may be sent. InvalidValueError; CommandRefusedError for one that changes
    diversions, barrings or PINs.
    """
    if not isinstance(code, str) or not _CODE.match(code):
        allowed = "* or #, then 1 to 30 digits, * and #, then #, such as *100#"
        raise InvalidValueError("code", code, allowed)
    if _REGISTERS.match(code) or _SWITCHES.match(code):
        raise CommandRefusedError(
            f"{shown_code(code)} changes services of the SIM", "use a phone, or ask the carrier"
        )
    return code


def check_response(text: object) -> str:
    """Return a response that may be sent or raise InvalidValueError."""
    if not isinstance(text, str) or not _RESPONSE.match(text):
        raise InvalidValueError("response", text, "1 to 30 digits, * and #")
    return text


def check_dialogue(code: object, responses: Sequence[object]) -> None:
    """All that `dialogue` checks before it asks anybody. Errors as those of check_code."""
    check_code(code)
    if len(responses) > MAX_ANSWERS:
        raise InvalidValueError("responses", len(responses), f"at most {MAX_ANSWERS}")
    for text in responses:
        check_response(text)


def shown_code(code: str) -> str:
    """A code as logs may have it: long numbers in it are nobody's business."""
    return _SECRET.sub(lambda match: f"<{len(match.group())} digits>", code)


def initiate(modem: Access, code: str) -> Answer:
    """Begin a session; its answer. The session stays open in state "user-response".

    PortBusyError when one is open, CommandTimeoutError when none was answered (it is cancelled).
    """
    check_code(code)
    with modem.operation("ussd", shown_code(code), USSD) as operation:
        return _noted(operation, _begin(operation, code))


def respond(modem: Access, text: str) -> Answer:
    """Answer what the network asked for. PortBusyError when it asks for nothing."""
    check_response(text)
    with modem.operation("ussd", f"respond {hidden(text)}", USSD) as operation:
        return _noted(operation, _respond(operation, text))


def dialogue(modem: Access, code: str, responses: Sequence[str] = ()) -> list[Answer]:
    """A session from start to end, in one turn: the code, then each response to a question.

    All are checked before the first is sent. It ends early when the network asks no more; where it
    still asks at the end, the session is cancelled.
    """
    check_dialogue(code, responses)
    command = shown_code(code) + "".join(f", {hidden(text)}" for text in responses)
    with modem.operation("ussd", command, USSD) as operation:
        answers = [_begin(operation, code)]
        for text in responses:
            if answers[-1].state != USER_RESPONSE:
                break
            answers.append(_respond(operation, text))
        _noted(operation, answers[-1])
        if answers[-1].state == USER_RESPONSE:
            _cancel(operation)
        return answers


def cancel(modem: Access) -> None:
    """End an open session, whoever began it."""
    with modem.operation("ussd", "cancel", USSD) as operation:
        operation.call(operation.modem.path, USSD, "Cancel", timeout=CANCEL_S)
        operation.answer = "cancelled"


def session(modem: Access) -> Session:
    """The session that is open, or what the network has said last."""
    with modem.operation("ussd", "session", USSD) as operation:
        found = operation.properties(operation.modem.path, USSD)
        operation.answer = _state(found)
        request, notification = _texts(found)
        return Session(operation.answer, notification or None, request or None)


def _begin(operation: Operation, code: str) -> Answer:
    state = _state(operation.properties(operation.modem.path, USSD))
    if state != IDLE:
        raise PortBusyError(
            f"a USSD session is open already ({state})", "wait for its end, or cancel it"
        )
    return _ask(operation, "Initiate", code)


def _respond(operation: Operation, text: str) -> Answer:
    state = _state(operation.properties(operation.modem.path, USSD))
    if state != USER_RESPONSE:
        raise PortBusyError(f"the network asks for nothing ({state})", "begin with a code")
    operation.bus.subscribe((_CHANGES.format(operation.modem.path),))
    before = _said(operation)
    answer = _ask(operation, "Respond", text)
    return answer if answer.text else _after_response(operation, before)


def _after_response(operation: Operation, before: tuple[str, str]) -> Answer:
    """What the network says to a response. ModemManager over QMI answers Respond at once and with
    nothing; the text comes as NetworkRequest (it asks on) or NetworkNotification (it is over).
    """
    deadline = time.monotonic() + RESPONSE_S
    while True:
        found = operation.properties(operation.modem.path, USSD)
        state, (request, notification) = _state(found), _texts(found)
        late = time.monotonic() > deadline
        if state == USER_RESPONSE and request and (request != before[0] or late):
            return Answer(request, state)
        if state != USER_RESPONSE and notification and (notification != before[1] or late):
            return Answer(notification, state)
        if late:
            return Answer("", state)
        operation.bus.signals(LOOK_S)


def _said(operation: Operation) -> tuple[str, str]:
    return _texts(operation.properties(operation.modem.path, USSD))


def _texts(properties: dict[str, Any]) -> tuple[str, str]:
    request, notification = (
        str(properties.get(name, "")) for name in ("NetworkRequest", "NetworkNotification")
    )
    return request, notification


def _ask(operation: Operation, member: str, text: str) -> Answer:
    """Cancels a session that nobody waits for any more; one that was refused may be another's."""
    path = operation.modem.path
    try:
        (answer,) = operation.call(path, USSD, member, "s", text, timeout=ANSWER_S)
    except (CommandTimeoutError, KeyboardInterrupt):
        _cancel(operation)
        raise
    return Answer(str(answer), _state_after(operation))


def _state_after(operation: Operation) -> str:
    """The answer is there and may have cost money: it is not lost over a state."""
    try:
        return _state(operation.properties(operation.modem.path, USSD))
    except FarmError:
        return STATES[0]


def _cancel(operation: Operation) -> None:
    """The reason why it is cancelled counts, not what comes of that."""
    try:
        operation.call(operation.modem.path, USSD, "Cancel", timeout=CANCEL_S)
    except FarmError:
        return


def _state(properties: dict[str, Any]) -> str:
    number = properties.get("State", 0)
    known = isinstance(number, int) and 0 <= number < len(STATES)
    return STATES[number] if known else STATES[0]


def _noted(operation: Operation, answer: Answer) -> Answer:
    operation.answer = f"{answer.text} ({answer.state})"  # the balance is what the log is for
    return answer
