# SPDX-License-Identifier: GPL-3.0-or-later
"""What qmicli says when it fails, mapped to the classes that AT errors have as well.

Numbers and names: libqmi, qmi-errors.h (QmiProtocolError). qmicli prints one "error:" line for
what went wrong and sometimes a second one for the client id that it could not give back.
"""

import re
from dataclasses import dataclass

from ..errors import (
    BadParameterError,
    CommandFailedError,
    CommandTimeoutError,
    FarmError,
    MissingPartError,
    NoServiceError,
    NotAllowedError,
    NotPermittedError,
    NotSupportedError,
    OutOfCallError,
    PortBusyError,
    PortGoneError,
    SimBusyError,
    SimFailedError,
    SimMissingError,
    SimPinError,
    SimPukError,
    StorageFullError,
    UnexplainedFailureError,
    WrongPasswordError,
)

MAX_SAID = 200
INFORMATION_UNAVAILABLE = 74
# In some messages (rf-band-info, channel-rates) libqmi 1.32 looks for a part of the answer before
# it looks for the modem's "no", so the number of the error is not shown.
NO_REASON_SHOWN = "Couldn't get the mandatory"

_PROTOCOL = re.compile(r"QMI protocol error \(([0-9]{1,5})\)(?:: '([^']{0,60})')?")
_LINE = re.compile(r"^error: (.*)$", re.MULTILINE)

NO_REASON = "see the modem's state with modem_info; reset the modem if it stays so"
NOT_IN_STATE = "see card-status, operating-mode and serving-system for what the modem lacks"
NO_COMMAND = "this modem or its firmware does not have it; ask over AT instead"
VALUE = "check the value; nothing is wrong with the modem"
SIM = "look at the SIM: present, the right way round, working in a phone"
SIM_WAIT = "wait some seconds; if it lasts, look at the SIM"
NETWORK = "see signal-info and serving-system; wait, or look at antenna and contract"
BEARER = "connect the modem first; its bearer is ModemManager's"
IDS = "wait; ids of killed programs come back only when the modem is reset (modem_reset)"
GONE = "wait until the modem is back, or replug it"
PROXY = "install libqmi-proxy (Debian has it as a dependency of libqmi-utils)"
ROOT = "run it as root: qmi-proxy serves nobody else"
TIMEOUT = "try again; if it stays silent, reset the modem"


@dataclass(frozen=True)
class Meaning:
    """The class for some error numbers, and what to do."""

    error: type[CommandFailedError]
    remedy: str
    codes: tuple[int, ...]


_MEANINGS = (
    # malformed, missing or too long argument; invalid profile, PIN id, PDP type, technology,
    # profile type, register action, attach action, APN user, argument, index; no entry
    Meaning(BadParameterError, VALUE, (1, 10, 11, 17, 19, 28, 29, 30, 32, 33, 34, 48, 49, 50)),
    Meaning(WrongPasswordError, "do not try again; see the tries left in card-status", (12,)),
    # no network found, call failed, network not ready, no radio, network aborted
    Meaning(NoServiceError, NETWORK, (13, 14, 53, 93, 97)),
    Meaning(OutOfCallError, BEARER, (15, 65)),  # out of call, session inactive
    # not provisioned, no effect, authentication lock, invalid transition, disabled, invalid
    # operation, information unavailable, SIM file not found, access denied, hardware restricted,
    # incompatible state, FDN, supplementary service, blocked message, no permission
    Meaning(
        NotAllowedError,
        NOT_IN_STATE,
        (16, 26, 59, 60, 69, 70, INFORMATION_UNAVAILABLE, 80, 82, 83, 90, 91, 92, 98, 115),
    ),
    # network or device unsupported, invalid service type, requested number unsupported,
    # invalid QMI command, not supported
    Meaning(NotSupportedError, NO_COMMAND, (24, 25, 31, 42, 71, 94)),
    Meaning(SimPukError, "the PUK is never entered by this program; use a phone", (35, 106)),
    Meaning(SimFailedError, SIM, (36,)),  # PIN always blocked
    # UIM uninitialized, device not ready, phone book not ready, too soon
    Meaning(SimBusyError, SIM_WAIT, (37, 52, 103, 116)),
    Meaning(StorageFullError, "delete messages", (51,)),
    Meaning(SimMissingError, SIM, (95, 102)),  # no subscription, no SIM
    Meaning(SimPinError, "give the PIN with modem_config", (104,)),
)
MEANINGS = {code: meaning for meaning in _MEANINGS for code in meaning.codes}
# These say something about the way to the modem and nothing about the question.
_ID_EXHAUSTED, _ID_INVALID, _DEVICE_IN_USE = 5, 7, 23

# Words of qmicli and libqmi when there is no answer at all; the first that fits counts.
_PHRASES: tuple[tuple[str, type[FarmError], str], ...] = (
    ("Couldn't spawn the qmi-proxy", MissingPartError, PROXY),
    ("Unknown option", MissingPartError, "install a newer libqmi-utils (1.30 or later)"),
    ("timed out", CommandTimeoutError, TIMEOUT),
    ("Operation was cancelled", CommandTimeoutError, TIMEOUT),
    ("endpoint hangup", PortGoneError, GONE),
    ("Cannot write message", PortGoneError, GONE),
    ("Couldn't query file info", PortGoneError, GONE),
    ("Wrong file type", PortGoneError, "give the modem's cdc-wdm device"),
    ("No such device", PortGoneError, GONE),
    ("resource busy", PortBusyError, "use qmi-proxy (-p), or stop who holds the port"),
)


def said(output: str) -> str:
    """The first "error:" line of what qmicli printed, printable and cut; never empty."""
    match = _LINE.search(output)
    lines = [match[1]] if match else output.split("\n")
    cleaned = ("".join(c for c in line if c.isprintable()).strip() for line in lines)
    return next((line[:MAX_SAID] for line in cleaned if line), "no message")


def failure(action: str, device: str, output: str, root: bool = True) -> FarmError:
    """The error for a qmicli that ended with an exit code other than 0.

    `root` is whether this process runs as root, which decides what a hang-up at once means.
    """
    words = said(output)
    message = f"{action} failed on {device}: {words}"
    opening = words.startswith("couldn't open the QmiDevice")
    match = _PROTOCOL.search(words)
    if match and not opening:
        return _refused(action, message, int(match[1])).about(command=action)
    if opening and not root and "endpoint hangup" in words:
        return NotPermittedError(message, ROOT).about(command=action)
    return _unanswered(action, message, words, opening).about(command=action)


def _refused(action: str, message: str, code: int) -> FarmError:
    if code in (_ID_EXHAUSTED, _DEVICE_IN_USE):
        return PortBusyError(message, IDS)
    if code == _ID_INVALID:  # a restart makes the modem forget its clients
        return PortGoneError(message, GONE)
    if code == INFORMATION_UNAVAILABLE:
        lacking = _lacking(action, message, code)
        if lacking is not None:
            return lacking
    meaning = MEANINGS.get(code)
    if meaning is None:
        return UnexplainedFailureError(message, NO_REASON, code)
    return meaning.error(message, meaning.remedy, code)


def _lacking(action: str, message: str, code: int | None) -> FarmError | None:
    """The modem has no such information now: no bearer to tell about, or no network."""
    if action.startswith("wds-"):
        return OutOfCallError(message, BEARER, code)
    if action.startswith("nas-"):
        return NoServiceError(message, NETWORK, code)
    return None


def _unanswered(action: str, message: str, words: str, opening: bool) -> FarmError:
    lacking = _lacking(action, message, None) if NO_REASON_SHOWN in words else None
    if lacking is not None:
        return lacking
    for phrase, error, remedy in _PHRASES:
        if phrase in words:
            return error(message, remedy)
    if opening:  # the proxy did not get the device
        return PortGoneError(message, GONE)
    return UnexplainedFailureError(message, NO_REASON)
