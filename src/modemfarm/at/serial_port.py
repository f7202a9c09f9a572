# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes to and from one tty, with deadlines that another thread can cut short.

pyserial opens and sets up the port; reading and writing is done here, because its reads either wait
for all bytes asked for or give one byte, and cannot be cancelled.
"""

import contextlib
import errno
import fcntl
import os
import select
import termios
import time

from ..errors import (
    CommandCancelledError,
    CommandTimeoutError,
    MissingPartError,
    NotPermittedError,
    PortBusyError,
    PortGoneError,
)
from ..waker import Waker
from . import port_holder

try:
    import serial
except ImportError:  # on a host without the farm's packages; said in open_port()
    serial = None  # type: ignore[assignment]

BAUD = 115200  # USB ignores it, a real UART of the same modem wants it
READ_BYTES = 4096

_GONE = (errno.EIO, errno.ENODEV, errno.ENXIO, errno.ENOENT)


class SerialPort:
    """An open port. All errors are FarmError; `open_port` makes one."""

    def __init__(self, device: str, port: "serial.Serial", waker: Waker) -> None:
        self._device = device
        self._port = port
        self._handle: int = port.fileno()
        self._waker = waker

    def read(self, seconds: float) -> bytes:
        """What has come, or comes first within `seconds`; empty when nothing does.

        PortGoneError, CommandCancelledError.
        """
        try:
            events, woken = self._waker.wait(seconds, self._handle, select.POLLIN)
            if woken:
                raise _cancelled(self._device)
            if not events:
                return b""
            data = os.read(self._handle, READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise gone(self._device, str(error)) from error
        if not data:
            raise gone(self._device, "it hung up")
        return data

    def write(self, data: bytes, seconds: float) -> None:
        """Write all of it. CommandTimeoutError when the port takes too long, else as `read`."""
        deadline = time.monotonic() + seconds
        while data:
            try:
                data = data[os.write(self._handle, data) :]
            except BlockingIOError:
                self._wait_for_room(deadline, seconds)
            except OSError as error:
                raise gone(self._device, str(error)) from error

    def close(self) -> None:
        """Give the port back; harmless when it is gone."""
        # Closing a USB serial port waits 30 s for bytes that nobody takes (closing_wait).
        with contextlib.suppress(OSError, termios.error):
            termios.tcflush(self._handle, termios.TCOFLUSH)
        with contextlib.suppress(OSError):
            fcntl.ioctl(self._handle, termios.TIOCNXCL)
        with contextlib.suppress(OSError, termios.error):
            self._port.close()

    def _wait_for_room(self, deadline: float, seconds: float) -> None:
        left = deadline - time.monotonic()
        events, woken = self._waker.wait(left, self._handle, select.POLLOUT) if left > 0 else (0, 0)
        if woken:
            raise _cancelled(self._device)
        if not events:
            raise CommandTimeoutError(
                f"{self._device} took no bytes for {seconds:g} s", "reset the modem"
            )


def open_port(device: str, waker: Waker) -> SerialPort:
    """Open the port for ourselves alone.

    PortBusyError, PortGoneError, NotPermittedError, MissingPartError.
    """
    if serial is None:
        raise MissingPartError("pyserial is not installed", "install python3-serial")
    try:
        port = serial.Serial(device, BAUD, timeout=0, exclusive=True)
    except (serial.SerialException, OSError, termios.error) as error:
        raise _open_error(device, error) from error
    opened = SerialPort(device, port, waker)
    try:
        fcntl.ioctl(port.fileno(), termios.TIOCEXCL)
        port.reset_input_buffer()
    except (OSError, termios.error) as error:
        opened.close()
        raise gone(device, str(error)) from error
    return opened


def gone(device: str, why: str) -> PortGoneError:
    """The error for a port that is not there any more."""
    return PortGoneError(f"{device} vanished: {why}", "wait until the modem is back, or replug it")


def _open_error(
    device: str, error: BaseException
) -> PortBusyError | PortGoneError | NotPermittedError:
    number = getattr(error, "errno", None)
    if number in _GONE or not os.path.exists(device):  # noqa: PTH110
        return gone(device, str(error))
    if number == errno.EACCES:
        return port_holder.not_permitted(device)
    # EBUSY: somebody set TIOCEXCL. pyserial 3.5 reports a refused flock without an errno.
    return port_holder.busy(device)


def _cancelled(device: str) -> CommandCancelledError:
    return CommandCancelledError(
        f"the command on {device} was cancelled", "send it again when it is needed"
    )
