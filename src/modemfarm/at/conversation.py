# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands and answers on an open port, each within its time.

A command that did not end (time-out, cancelled) leaves an answer behind that may come at any later
time. Before the next command a probe finds where the leftovers end: a question whose answer has a
name that cannot be one of theirs.
"""

import contextlib
import time
from collections.abc import Callable

from ..errors import CommandTimeoutError, FarmError
from ..record import Observer, Record, outcome_of
from .exchange import Exchange, Probe
from .framing import Framer
from .permit import Permit
from .policy import internal
from .results import failure
from .serial_port import SerialPort
from .urc import names

PROBE_TIMEOUT_S = 1.0
PROBE_TRIES = 3  # a modem that aborts its command for our probe loses the first one
WRITE_TIMEOUT_S = 2.0  # a hung modem stops taking bytes; the write would block for ever
MAX_DRAIN = 65536  # what the kernel keeps of a port that nobody reads; more is a flood
MAX_UNFINISHED = 8  # leftovers that are remembered
QUIET_S = 0.1  # a modem that is awake again answers what has queued up without a pause
# Answers with a name, the same in each state of the modem, and never news.
PROBES = ("AT+CMEE?", "AT+CSCS?", "AT+CMGF?", "AT+CSMS?")
END_OF_TEXT, ESCAPE = b"\x1a", b"\x1b"  # 27.005 section 3.5.1: send it, or leave it

UrcCallback = Callable[[str], None]


class Conversation:
    """What is said on one port. Errors are FarmError; each command is a Record for the observer."""

    def __init__(
        self,
        device: str,
        port: SerialPort,
        observer: Observer | None,
        on_urc: UrcCallback | None,
    ) -> None:
        self._device = device
        self._port = port
        self._observer = observer
        self._on_urc = on_urc
        self._framer = Framer()
        self._unfinished: list[Permit] = []  # sent, and their end not seen

    def say(
        self, permit: Permit, exchange: Exchange, text: str = "", blindly: bool = False
    ) -> float:
        """Send a command, and `text` when it asks for it; the exchange then has the answer.

        Gives the seconds it took. Leftovers of earlier commands are dealt with first; `blindly`
        sends at once, and what answers may be one of them.
        """
        started, now, outcome = time.monotonic(), time.time(), "error"
        try:
            if self._unfinished and not blindly:
                self._settle()
            self._talk(permit, exchange, text)
            if not blindly:
                self._unfinished.clear()
            self._check(permit, exchange)
            outcome = "ok"
        except FarmError as error:
            outcome = outcome_of(error.about(command=permit.shown))
            raise
        finally:
            took = time.monotonic() - started
            if self._observer is not None:
                answer = "\n".join(_said(permit, exchange))
                self._observer(Record("at", permit.shown, answer, outcome, took * 1000, now))
        return took

    def probe(self) -> list[str]:
        """Ask a question whose answer cannot be mistaken, and give it.

        Then nothing is left over. CommandFailedError when the modem refuses the question.
        """
        old = names(";".join(permit.text for permit in self._unfinished))
        permit = internal(max(PROBES, key=self._age), PROBE_TIMEOUT_S)
        probe = Probe(permit.text, old)
        self.say(permit, probe, blindly=True)
        self._unfinished.clear()
        return probe.lines

    def listen(self, seconds: float) -> None:
        """Hand over what came unasked, or comes first within `seconds`."""
        self._dispatch(self._framer.feed(self._port.read(seconds)))

    def _talk(self, permit: Permit, exchange: Exchange, text: str) -> None:
        deadline = time.monotonic() + permit.timeout
        self._drain()
        self._unfinished = [*self._unfinished, permit][-MAX_UNFINISHED:]
        try:
            self._write(permit.text.encode("ascii") + b"\r", permit)
            self._hear(permit, exchange, deadline, text)
        except FarmError:
            if text:  # it may still be waiting for the text, and would take commands for it
                with contextlib.suppress(FarmError):
                    self._write(ESCAPE, permit)
            raise

    def _check(self, permit: Permit, exchange: Exchange) -> None:
        if exchange.final is not None and not exchange.final.ok:
            raise failure(permit.shown, self._device, exchange.final)

    def _hear(self, permit: Permit, exchange: Exchange, deadline: float, text: str) -> None:
        while exchange.final is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise CommandTimeoutError(
                    f"{self._device} did not answer {permit.shown} within {permit.timeout:g} s",
                    "try again; if it stays silent, reset the modem",
                )
            exchange.feed_all(self._framer.feed(self._port.read(left)))
            self._dispatch(exchange.urcs)
            if exchange.expects_prompt and (exchange.prompted or self._framer.prompt()):
                exchange.answer_prompt(text)
                self._write(text.encode("ascii") + END_OF_TEXT, permit)

    def _age(self, probe: str) -> int:
        """How many commands ago one of its names was last left unfinished."""
        for age, permit in enumerate(reversed(self._unfinished)):
            if names(permit.text) & names(probe):
                return age
        return MAX_UNFINISHED

    def _settle(self) -> None:
        """Get behind the leftovers of commands that did not end."""
        busy_with = self._unfinished[0].shown
        for _ in range(PROBE_TRIES):
            with contextlib.suppress(CommandTimeoutError):
                self.probe()
                self._drain(QUIET_S)
                return
        raise CommandTimeoutError(
            f"{self._device} has still not finished {busy_with}", "wait, or reset the modem"
        )

    def _write(self, data: bytes, permit: Permit) -> None:
        self._port.write(data, min(WRITE_TIMEOUT_S, permit.timeout))

    def _drain(self, quiet: float = 0.0) -> None:
        """What came before we spoke is no answer; reads until nothing comes for `quiet` seconds."""
        left = MAX_DRAIN
        while left > 0 and (data := self._port.read(quiet)):
            left -= len(data)
            self._dispatch(self._framer.feed(data))

    def _dispatch(self, lines: list[str]) -> None:
        if self._on_urc is not None:
            for line in lines:
                self._on_urc(line)
        lines.clear()


def _said(permit: Permit, exchange: Exchange) -> list[str]:
    """What the modem said, for the log. A broken echo of a secret would look like an answer."""
    lines = exchange.lines if permit.shown == permit.text else []
    failed = exchange.final is not None and not exchange.final.ok
    return [*lines, exchange.final_line] if failed else lines
