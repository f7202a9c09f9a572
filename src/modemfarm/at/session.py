# SPDX-License-Identifier: GPL-3.0-or-later
"""One AT port, held by us alone, and commands with a deadline on it."""

import contextlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ..errors import CommandFailedError, CommandRefusedError, CommandTimeoutError, PortGoneError
from ..record import Observer
from ..waker import Waker
from .conversation import Conversation, UrcCallback
from .exchange import Exchange
from .permit import Permit
from .policy import internal
from .port_lock import LOCK_DIR as LOCK_DIR
from .port_lock import PortLock
from .serial_port import SerialPort, open_port

WAIT_S = 10.0  # for other holders: longer than any command of ours but a network scan
SYNC_TIMEOUT_S = 1.0
SYNC_TRIES = 3  # the first answer may be eaten by what the port held before we opened it
PUMP_S = 0.25
MAX_TEXT = 640  # two SMS PDUs' worth


@dataclass(frozen=True)
class Reply:
    """The lines of an answer without echo, unsolicited lines and the final OK."""

    command: str
    lines: tuple[str, ...]
    seconds: float


class AtSession:
    """An open port. Use it as a context manager, from one thread; all errors are FarmError.

    `observer` gets a Record after each command, also after a failed one. `on_urc` gets each
    unsolicited line, in the thread that runs the command. `wait` is how long to queue for a port
    that somebody else has, in seconds; 0 fails at once.
    """

    def __init__(
        self,
        device: str,
        observer: Observer | None = None,
        on_urc: UrcCallback | None = None,
        lock_dir: Path = LOCK_DIR,
        wait: float = WAIT_S,
    ) -> None:
        self.device = device
        self._observer = observer
        self._on_urc = on_urc
        self._lock_dir = lock_dir
        self._wait = wait
        self._port: SerialPort | None = None
        self._lock: PortLock | None = None
        self._conversation: Conversation | None = None
        self._guard = threading.Lock()  # over these two, for cancel()
        self._waker: Waker | None = None
        self._running = False

    def __enter__(self) -> "AtSession":
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def open(self) -> None:
        """Take the port.

        PortBusyError naming the holder, PortGoneError, NotPermittedError, MissingPartError,
        CommandCancelledError.
        """
        self.close()
        waker = Waker()
        with self._guard:
            self._waker = waker
        lock = PortLock(self.device, self._lock_dir, self._wait, waker)
        try:
            with self._cancellable():
                port = lock.acquire(lambda: open_port(self.device, waker))
        except BaseException:
            self.close()
            raise
        self._lock, self._port = lock, port
        self._conversation = Conversation(self.device, port, self._observer, self._on_urc)

    def close(self) -> None:
        """Give the port back; harmless when it is closed or gone."""
        with self._guard:
            waker, self._waker = self._waker, None
        port, self._port = self._port, None
        lock, self._lock = self._lock, None
        self._conversation = None
        if port is not None:
            port.close()
        if lock is not None:
            lock.release()
        if waker is not None:
            waker.close()

    def cancel(self) -> None:
        """From another thread: end the command or the wait for the port that is running, if any.

        It raises CommandCancelledError; an open session stays usable.
        """
        with self._guard:
            if self._waker is not None and self._running:
                self._waker.wake()

    def sync(self) -> None:
        """Make sure the modem answers, and that its errors have reasons (AT+CMEE=2, else 1)."""
        for attempt in range(SYNC_TRIES):
            try:
                self._run(internal("AT", SYNC_TIMEOUT_S), Exchange("AT"), blindly=True)
                break
            except CommandTimeoutError:
                if attempt == SYNC_TRIES - 1:
                    raise
        if self._answer_to_probe() != ["+CMEE: 2"]:
            try:
                self.command("AT+CMEE=2")
            except CommandFailedError:
                self.command("AT+CMEE=1")

    def command(
        self, text: str, timeout: float | None = None, wanted: re.Pattern[str] | None = None
    ) -> Reply:
        """Send a command that our own code made, and return its answer; errors as `send`.

        `timeout` in seconds, None for the command's own. CommandRefusedError for what is not one
        plain AT command or is never sent.
        """
        return self.send(internal(text, timeout), wanted)

    def send(self, permit: Permit, wanted: re.Pattern[str] | None = None) -> Reply:
        """Send what is permitted and return its answer.

        Lines with the command's own name that do not match `wanted` are unsolicited.
        CommandFailedError for ERROR results, CommandTimeoutError, PortGoneError,
        CommandCancelledError. The observer gets a Record in each case.
        """
        return self._run(permit, Exchange(permit.text, wanted))

    def send_text(self, permit: Permit, text: str) -> Reply:
        """Send a command that asks for a text (`> `), and the text; errors as `send`.

        `text` is what goes over the line: hexadecimal, or printable characters of the modem's
        alphabet. CommandRefusedError for anything else.
        """
        if not (text.isascii() and text.isprintable() and 0 < len(text) <= MAX_TEXT):
            raise CommandRefusedError(
                "the text has characters that would end it, or is too long",
                f"one line of printable ASCII, at most {MAX_TEXT} characters",
            ).about(command=permit.shown)
        return self._run(permit, Exchange(permit.text, expects_prompt=True), text)

    def pump(self, seconds: float = PUMP_S) -> None:
        """Read what came unasked, or comes within `seconds`, and hand it to the callback."""
        with self._cancellable():
            self._need_conversation().listen(seconds)

    def _run(
        self, permit: Permit, exchange: Exchange, text: str = "", blindly: bool = False
    ) -> Reply:
        with self._cancellable():
            took = self._need_conversation().say(permit, exchange, text, blindly)
        return Reply(permit.shown, tuple(exchange.lines), took)

    def _answer_to_probe(self) -> list[str]:
        with self._cancellable():
            try:
                return self._need_conversation().probe()
            except CommandFailedError:
                return []

    @contextlib.contextmanager
    def _cancellable(self) -> Iterator[None]:
        """cancel() works inside, and does not outlive it. A port that is gone is given back."""
        with self._guard:
            self._running = True
        try:
            yield
        except PortGoneError:
            self.close()
            raise
        finally:
            with self._guard:
                self._running = False
                if self._waker is not None:
                    self._waker.clear()

    def _need_conversation(self) -> Conversation:
        if self._conversation is None:
            raise PortGoneError(f"{self.device} is not open", "open the session first")
        return self._conversation
