# SPDX-License-Identifier: GPL-3.0-or-later
"""One AT port, held by us alone, and commands with a deadline on it.

Three locks, because each stops somebody else: flock (pyserial, other farm programs), TIOCEXCL
(ModemManager and every unprivileged opener), a UUCP lock file (minicom, gammu, wvdial).
"""

import contextlib
import errno
import fcntl
import os
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ..errors import (
    CommandTimeoutError,
    FarmError,
    MissingPartError,
    PortBusyError,
    PortGoneError,
)
from ..record import Observer, Record, outcome_of
from .framing import Exchange, Framer
from .permit import Permit
from .policy import internal
from .results import failure

try:
    import serial
except ImportError:  # on a host without the farm's packages; said in open()
    serial = None  # type: ignore[assignment]

LOCK_DIR = Path("/run/lock")
BAUD = 115200  # USB ignores it, a real UART of the same modem wants it
SYNC_TIMEOUT_S = 1.0
SYNC_TRIES = 3  # the first answer may be eaten by what the port held before we opened it
WRITE_TIMEOUT_S = 2.0  # a hung modem stops taking bytes; the write would block for ever
READ_SLICE_S = 0.25  # how late a deadline may be noticed while nothing comes in
READ_BYTES = 4096

UrcCallback = Callable[[str], None]


@dataclass(frozen=True)
class Reply:
    """The lines of an answer without echo, unsolicited lines and the final OK."""

    command: str
    lines: tuple[str, ...]
    seconds: float


class AtSession:
    """An open port. Use it as a context manager; all errors are FarmError.

    `on_urc` gets each unsolicited line, in the thread that runs the command.
    """

    def __init__(
        self,
        device: str,
        observer: Observer | None = None,
        on_urc: UrcCallback | None = None,
        lock_dir: Path = LOCK_DIR,
        wait: float = 0.0,
    ) -> None:
        self.device = device
        self._observer = observer
        self._wait = wait
        self._on_urc = on_urc
        self._lock_file = lock_dir / f"LCK..{Path(device).name}"
        self._locked = False
        self._framer = Framer()
        self._port: serial.Serial | None = None

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
        """Take the port. PortBusyError, PortGoneError, MissingPartError."""
        if serial is None:
            raise MissingPartError("pyserial is not installed", "install python3-serial")
        self._take_lock_file()
        try:
            port = serial.Serial(
                self.device,
                BAUD,
                timeout=READ_SLICE_S,
                write_timeout=WRITE_TIMEOUT_S,
                exclusive=True,
            )
        except (serial.SerialException, OSError) as error:
            self._drop_lock_file()
            raise self._open_error(error) from error
        try:
            fcntl.ioctl(port.fileno(), termios.TIOCEXCL)
            port.reset_input_buffer()
        except (OSError, termios.error) as error:
            port.close()
            self._drop_lock_file()
            raise self._gone(error) from error
        self._port = port

    def close(self) -> None:
        """Give the port back; harmless when it is closed or gone."""
        port, self._port = self._port, None
        if port is not None:
            with contextlib.suppress(OSError, termios.error):
                fcntl.ioctl(port.fileno(), termios.TIOCNXCL)
            with contextlib.suppress(OSError, termios.error):
                port.close()
        self._drop_lock_file()

    def sync(self) -> None:
        """Make sure the modem answers, and that its errors come as numbers (AT+CMEE=1)."""
        for attempt in range(SYNC_TRIES):
            try:
                self.command("AT", SYNC_TIMEOUT_S)
                break
            except CommandTimeoutError:
                if attempt == SYNC_TRIES - 1:
                    raise
        self.command("AT+CMEE=1")

    def command(self, text: str, timeout: float | None = None) -> Reply:
        """Send a command that our own code made, and return its answer; errors as `send`.

        `timeout` in seconds, None for the command's own.

        CommandRefusedError for what is not one plain AT command or is never sent.
        """
        return self.send(internal(text, timeout))

    def send(self, permit: Permit) -> Reply:
        """Send what is permitted and return its answer.

        CommandFailedError for ERROR results, CommandTimeoutError, PortGoneError. The observer gets
        a Record in each case.
        """
        exchange = Exchange(permit.text)
        started, now = time.monotonic(), time.time()
        outcome = "ok"
        try:
            return self._send(permit, exchange, started)
        except FarmError as error:
            outcome = outcome_of(error.about(command=permit.shown))
            raise
        finally:
            if self._observer is not None:
                took = (time.monotonic() - started) * 1000
                answer = "\n".join(exchange.lines)
                self._observer(Record("at", permit.shown, answer, outcome, took, now))

    def _send(self, permit: Permit, exchange: Exchange, started: float) -> Reply:
        text, timeout = permit.text, permit.timeout
        self._write(text.encode("ascii") + b"\r")
        while exchange.final is None:
            if time.monotonic() - started > timeout:
                raise CommandTimeoutError(
                    f"{self.device} did not answer {permit.shown} within {timeout:g} s",
                    "try again; if it stays silent, reset the modem",
                )
            for line in self._framer.feed(self._read()):
                exchange.feed(line)
            self._dispatch(exchange.urcs)
        if not exchange.final.ok:
            raise failure(permit.shown, self.device, exchange.final)
        return Reply(permit.shown, tuple(exchange.lines), time.monotonic() - started)

    def pump(self) -> None:
        """Read what came unasked (at most READ_SLICE_S) and hand it to the callback."""
        self._dispatch(self._framer.feed(self._read()))

    def _dispatch(self, lines: list[str]) -> None:
        if self._on_urc is not None:
            for line in lines:
                self._on_urc(line)
        lines.clear()

    def _write(self, data: bytes) -> None:
        port = self._open_port()
        try:
            port.write(data)
        except serial.SerialTimeoutException as error:
            raise CommandTimeoutError(
                f"{self.device} took no bytes for {WRITE_TIMEOUT_S:g} s", "reset the modem"
            ) from error
        except (serial.SerialException, OSError, termios.error) as error:
            raise self._gone(error) from error

    def _read(self) -> bytes:
        port = self._open_port()
        try:
            # One byte first: it returns at once when it comes, not when the time is over.
            first: bytes = port.read(1)
            rest: bytes = port.read(min(port.in_waiting, READ_BYTES)) if first else b""
        except (serial.SerialException, OSError, TypeError, termios.error) as error:
            # pyserial raises TypeError when another thread has closed the port meanwhile.
            raise self._gone(error) from error
        return first + rest

    def _open_port(self) -> "serial.Serial":
        if self._port is None:
            raise PortGoneError(f"{self.device} is not open", "open the session first")
        return self._port

    def _gone(self, error: BaseException) -> PortGoneError:
        return PortGoneError(
            f"{self.device} vanished: {error}", "wait until the modem is back, or replug it"
        )

    def _open_error(self, error: OSError) -> PortBusyError | PortGoneError:
        if not Path(self.device).exists() or error.errno in (errno.EIO, errno.ENODEV, errno.ENXIO):
            return PortGoneError(f"{self.device} is not there", "wait for the modem, or replug it")
        if error.errno == errno.EACCES:
            return PortBusyError(f"may not open {self.device}", "join the group dialout")
        # EBUSY: somebody set TIOCEXCL. pyserial 3.5 reports a refused flock without an errno.
        why = os.strerror(error.errno) if error.errno else "another program has locked it"
        return PortBusyError(
            f"cannot have {self.device} for ourselves: {why}", "end the program that uses the port"
        )

    def _take_lock_file(self) -> None:
        holder = _lock_holder(self._lock_file)
        if holder is not None:
            raise PortBusyError(
                f"process {holder} holds {self.device} ({self._lock_file})",
                "wait for that process, or end it",
            )
        with contextlib.suppress(OSError):
            self._lock_file.unlink(missing_ok=True)  # left behind by a dead process
        try:
            handle = os.open(self._lock_file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except OSError:
            return  # no right to write there, or lost a race: flock decides anyway
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(f"{os.getpid():10d}\n")  # UUCP format: ten columns
        self._locked = True

    def _drop_lock_file(self) -> None:
        if self._locked:
            self._locked = False
            with contextlib.suppress(OSError):
                self._lock_file.unlink()


def _lock_holder(path: Path) -> int | None:
    """The live process that a lock file names; None for no file, rubbish or a dead process."""
    try:
        pid = int(path.read_bytes()[:11])
        os.kill(pid, 0)
    except PermissionError:
        return pid  # it lives, and is another user's
    except (OSError, ValueError, OverflowError):
        return None
    return pid
