# SPDX-License-Identifier: GPL-3.0-or-later
"""One modem as ModemManager shows it: each operation waits for its turn, looks the object up,
and leaves a record. ModemManager has an AT port and the QMI port of its own; ours is not touched.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..dbus.connection import CALL_TIMEOUT_S, Bus, BusError, Call
from ..errors import AnswerUnreadableError, FarmError
from ..fair_queue import LOCK_DIR, turn
from ..identity import check_serial
from ..record import Observer, Record, outcome_of
from .failures import explain
from .find import find, get_all, need
from .objects import SERVICE, MmModem

WAIT_S = 120.0  # one stuck message (the network takes up to 2 min to refuse one) may be ahead


@dataclass
class Operation:
    """One operation under way; `answer` is what its record will say, without any body."""

    bus: Bus
    modem: MmModem
    command: str
    answer: str = ""

    def call(
        self,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        *values: Any,
        timeout: float = CALL_TIMEOUT_S,
    ) -> list[Any]:
        """Call a method of ModemManager; its values. Errors by meaning."""
        call = Call(SERVICE, path, interface, member, signature, values)
        (answer,) = self.answers([call], timeout)
        if isinstance(answer, FarmError):
            raise answer
        return answer

    def properties(self, path: str, interface: str) -> dict[str, Any]:
        """All properties of one interface of an object."""
        (answer,) = self.answers([get_all(path, interface)])
        if isinstance(answer, FarmError):
            raise answer
        return as_dict(answer)

    def answers(
        self, calls: Sequence[Call], timeout: float = CALL_TIMEOUT_S
    ) -> list[list[Any] | FarmError]:
        """Make calls at the same time; values, or an error in the place of one that failed."""
        return [
            explain(answer, self.modem.imei, self.command)
            if isinstance(answer, BusError)
            else answer.values()
            for answer in self.bus.call_all(calls, timeout)
        ]


@dataclass(frozen=True)
class Access:
    """The modem with IMEI `serial`, wherever it is, or at `usb_path` only.

    `wait` is how long an operation may stand in the queue of its modem, in seconds.
    """

    serial: str
    usb_path: str | None = None
    observer: Observer | None = None
    bus: Callable[[], Bus] = Bus
    lock_dir: Path = LOCK_DIR
    wait: float = WAIT_S

    def __post_init__(self) -> None:
        """InvalidValueError for an IMEI that is none: it becomes part of a file name."""
        check_serial(self.serial)

    @contextmanager
    def operation(self, channel: str, command: str, interface: str) -> Iterator[Operation]:
        """Do something with `interface` of the modem's object; `command` goes to log and errors."""
        started, outcome, answer = time.monotonic(), "cancelled", ""
        current: Operation | None = None
        try:
            with self._turn(f"{channel} {command.split()[0]}"):  # no number of a person
                started = time.monotonic()
                with self.bus() as bus:
                    current = Operation(bus, find(bus, self.serial, self.usb_path), command)
                    need(current.modem, interface, channel.upper())
                    yield current
            outcome, answer = "ok", current.answer
        except FarmError as error:
            outcome, answer = outcome_of(error), error.message
            error.about(self.serial, command)
            raise
        finally:
            self._note(channel, command, answer, outcome, time.monotonic() - started)

    def _turn(self, doing: str) -> AbstractContextManager[None]:
        """Messages and USSD of one modem, one after the other; no port is taken for it."""
        subject = f"the message queue of {self.serial}"
        return turn(f"sms-{self.serial}", subject, doing, self.wait, self.lock_dir)

    def _note(self, channel: str, command: str, answer: str, outcome: str, seconds: float) -> None:
        if self.observer is not None:
            took = round(seconds * 1000, 1)
            self.observer(Record(channel, command, answer, outcome, took, time.time()))


def as_dict(values: Sequence[Any]) -> dict[str, Any]:
    """The properties in an answer of GetAll. AnswerUnreadableError for anything else."""
    if len(values) != 1 or not isinstance(values[0], dict):
        raise AnswerUnreadableError("ModemManager answered with no properties", "see its version")
    return values[0]
