# SPDX-License-Identifier: GPL-3.0-or-later
"""qmicli, through qmi-proxy: one question to one modem.

qmi-proxy lets us and ModemManager share a port, each with client ids of its own; going to the port
beside it makes ModemManager give the modem up. It serves root only.
"""

import os
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ..errors import (
    AnswerUnreadableError,
    CommandTimeoutError,
    FarmError,
    InvalidValueError,
    PortBusyError,
    PortGoneError,
)
from ..record import Observer, Record, outcome_of
from .errors import failure
from .process import GRACE_S, MAX_OUTPUT, Ended, run

PROGRAM = "qmicli"
# Real modems answer in 0.1 to 1 s; under emulation on a loaded host a start alone takes seconds.
ANSWER_TIMEOUT_S = 15.0
# Ids are few (ten in some services): one answer, one scan, and one for a second person.
CLIENTS_PER_MODEM = 3
MAX_RECORDED = 4000

_DEVICE = re.compile(r"/[A-Za-z0-9/_.-]{1,200}\Z")
_ACTION = re.compile(r"[a-z0-9-]{1,80}(=[A-Za-z0-9x,.|]{1,80})?\Z")

Runner = Callable[..., Ended]

_gates: dict[str, threading.BoundedSemaphore] = {}
_gates_lock = threading.Lock()


def ask(
    device: str,
    action: str,
    observer: Observer | None = None,
    timeout: float = ANSWER_TIMEOUT_S,
    grace: float = GRACE_S,
    program: str = PROGRAM,
) -> str:
    """What `qmicli --<action>` prints for the modem at `device`, such as /dev/cdc-wdm0.

    CommandFailedError by meaning (see errors.py), CommandTimeoutError, PortGoneError,
    PortBusyError, NotPermittedError, AnswerUnreadableError, MissingPartError, InvalidValueError.
    """
    check_device(device)
    if not _ACTION.match(action):
        raise InvalidValueError("action", action, "an action of qmicli, without its hyphens")
    started, at = time.monotonic(), time.time()
    answer, outcome = "", "ok"
    try:
        answer = _asked(device, action, timeout, grace, program)
        return answer
    except FarmError as error:
        answer, outcome = error.message, outcome_of(error)
        raise
    finally:
        if observer is not None:
            spent = (time.monotonic() - started) * 1000
            observer(Record("qmi", action, answer.strip()[:MAX_RECORDED], outcome, spent, at))


def _asked(device: str, action: str, timeout: float, grace: float, program: str) -> str:
    if not Path(device).is_char_device():
        raise PortGoneError(f"{device} is not there", "wait for the modem, or replug it").about(
            command=action
        )
    gate = _gate(device)
    if not gate.acquire(timeout=timeout):
        raise PortBusyError(
            f"{CLIENTS_PER_MODEM} questions to {device} are under way", "try again later"
        ).about(command=action)
    try:
        command = (program, "-p", "-d", device, "--device-open-qmi", f"--{action}")
        ended = run(command, timeout, grace)
    finally:
        gate.release()
    return _answer(device, action, timeout, ended)


def _answer(device: str, action: str, timeout: float, ended: Ended) -> str:
    # A program that was interrupted while it was giving back its id has answered all the same.
    if ended.code != 0 and ended.interrupted:
        killed = "; qmicli did not end and was killed, so a client id is lost" * ended.killed
        raise CommandTimeoutError(
            f"{device} did not answer {action} within {timeout:g} s{killed}",
            "try again; if it stays silent, reset the modem",
        ).about(command=action)
    if ended.code != 0:
        raise failure(action, device, ended.errors, root=os.geteuid() == 0)
    if len(ended.output) >= MAX_OUTPUT:
        raise AnswerUnreadableError(
            f"{device} answered {action} with more than {MAX_OUTPUT} bytes", "try again"
        ).about(command=action)
    return ended.output


def check_device(device: object) -> str:
    """Return the path, or InvalidValueError when it cannot be a device's."""
    if not isinstance(device, str) or not _DEVICE.match(device):
        raise InvalidValueError("device", device, "the path of a device, such as /dev/cdc-wdm0")
    return device


def _gate(device: str) -> threading.BoundedSemaphore:
    with _gates_lock:
        return _gates.setdefault(device, threading.BoundedSemaphore(CLIENTS_PER_MODEM))
