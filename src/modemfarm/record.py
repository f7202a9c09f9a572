# SPDX-License-Identifier: GPL-3.0-or-later
"""What was said to a modem and what it answered: one record per command, for modem_logs.

Whoever speaks (session, qmicli, ModemManager) hands records to an observer and knows nothing of
files and databases. Session and policy put no PIN into a record; `mask` takes out of it what else
must not be kept before it is written anywhere.
"""

from collections.abc import Callable
from dataclasses import dataclass

from .errors import (
    AnswerUnreadableError,
    CommandCancelledError,
    CommandRefusedError,
    CommandTimeoutError,
    FarmError,
    NotPermittedError,
    PinPolicyError,
    PortBusyError,
    PortGoneError,
)

CHANNELS = ("at", "qmi", "sms", "ussd", "agent")  # agent: done to a modem without its words
OUTCOMES = (
    "ok", "error", "timeout", "gone", "busy", "refused", "unreadable", "cancelled",
)  # fmt: skip


@dataclass(frozen=True)
class Record:
    """One command. `answer` has one line per answer line; `at` is seconds since the epoch (UTC)."""

    channel: str
    command: str
    answer: str
    outcome: str
    milliseconds: float
    at: float


Observer = Callable[[Record], None]

_OUTCOME_OF: tuple[tuple[type[FarmError], str], ...] = (
    (CommandTimeoutError, "timeout"),
    (PortGoneError, "gone"),
    (PortBusyError, "busy"),
    (CommandRefusedError, "refused"),
    (PinPolicyError, "refused"),
    (NotPermittedError, "refused"),
    (AnswerUnreadableError, "unreadable"),
    (CommandCancelledError, "cancelled"),
)


def outcome_of(error: FarmError) -> str:
    """The outcome that an error stands for; "error" when the modem said no."""
    return next((name for kind, name in _OUTCOME_OF if isinstance(error, kind)), "error")
