# SPDX-License-Identifier: GPL-3.0-or-later
"""A serial port for the recorder: raw, held by us alone, and every read with its time."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import select
import termios
import time
import tty
from types import TracebackType
from typing import Self

from modemlab.modem.errors import LabError
from modemlab.recording.format import Exchange, Piece

READ_BYTES = 4096
QUIET_SECONDS = 0.05  # after a final result: what follows at once belongs to the same piece
# A final result is a line of its own (ITU-T V.250 section 5.7, 3GPP TS 27.007 section 9)
FINAL = re.compile(rb"(?:^|[\r\n])(?:OK|ERROR|\+CM[ES] ERROR: ?[^\r\n]*)\r\n")


class PortError(LabError):
    """The port cannot be used; the message says why and what to do."""


class SerialLine:
    """An open port. Use it as a context manager. Raises PortError."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._fd = -1

    def __enter__(self) -> Self:
        self._fd = self._open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            fcntl.ioctl(self._fd, termios.TIOCNXCL)
        os.close(self._fd)

    def ask(self, command: str, seconds: float) -> Exchange:
        """Send one command and collect until its final result, or until the time is up."""
        self._write(command.encode("ascii") + b"\r")
        start = time.monotonic()
        pieces: list[Piece] = []
        end = start + seconds
        done = False
        while (data := self._read(end)) is not None:
            pieces.append(Piece(_since(start), data))
            if not done and FINAL.search(b"".join(piece.data for piece in pieces)):
                done = True
            if done:
                end = time.monotonic() + QUIET_SECONDS
        return Exchange(command, tuple(pieces), None if done else _since(start))

    def listen(self, seconds: float) -> list[Piece]:
        """What comes unasked; each piece is timed from the one before, the first from now."""
        pieces: list[Piece] = []
        before = time.monotonic()
        end = before + seconds
        while (data := self._read(end)) is not None:
            pieces.append(Piece(_since(before), data))
            before = time.monotonic()
        return pieces

    def _open(self) -> int:
        try:
            fd = os.open(self.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError as error:
            raise self._failed(error) from None
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.ioctl(fd, termios.TIOCEXCL)
            tty.setraw(fd)
        except (OSError, termios.error) as error:
            os.close(fd)
            raise self._failed(error) from None
        return fd

    def _failed(self, error: Exception) -> PortError:
        number = error.args[0] if error.args else None
        if number in (errno.EBUSY, errno.EWOULDBLOCK, errno.EAGAIN):
            return PortError(f"{self.path} is in use: stop what holds it, or take another AT port")
        if number == errno.ENOTTY:
            return PortError(f"{self.path} is no serial port: a tty is allowed, as /dev/ttyUSB2")
        words = os.strerror(number) if isinstance(number, int) else str(error)
        return PortError(f"{self.path}: {words}: is the modem plugged in, and may we use it?")

    def _write(self, data: bytes) -> None:
        try:
            os.write(self._fd, data)
        except OSError as error:
            raise self._failed(error) from None

    def _read(self, end: float) -> bytes | None:
        """Bytes, or None when the time is up."""
        wait = max(0.0, end - time.monotonic())
        ready, _, _ = select.select([self._fd], [], [], wait)
        if not ready:
            return None
        try:
            data = os.read(self._fd, READ_BYTES)
        except OSError as error:
            raise self._failed(error) from None
        if not data:
            raise PortError(f"{self.path} is gone: the modem was unplugged or restarted")
        return data


def _since(start: float) -> int:
    return round(1000 * (time.monotonic() - start))
