# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection to the system bus: calls with a deadline, several at once, and signals.

For one thread. D-Bus specification, sections "Authentication Protocol" and "Message Bus".
"""

import contextlib
import os
import select
import socket
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import ToolError
from . import wire

SYSTEM_BUS = "/run/dbus/system_bus_socket"
# Answers come in milliseconds, but on a host that starts 30 modems it may take many seconds;
# other clients of D-Bus wait so long by default.
CALL_TIMEOUT_S = 25.0
NO_REPLY = "org.freedesktop.DBus.Error.NoReply"
_CHUNK = 1 << 16


class BusError(ToolError):
    """A call was answered with an error; `name` is the D-Bus name of it."""

    def __init__(self, name: str, message: str, remedy: str = "see the journal") -> None:
        super().__init__(message, remedy)
        self.name = name


class LateError(BusError):
    """Nobody answered in time; the service may still be at work."""


@dataclass(frozen=True)
class Call:
    """One method call."""

    destination: str
    path: str
    interface: str
    member: str
    signature: str = ""
    values: Sequence[Any] = ()


class Bus:
    """The bus; use `close` or a with statement. All errors are ToolError."""

    def __init__(self, path: str = SYSTEM_BUS) -> None:
        self._serial = 0
        self._buffer = bytearray()
        self._replies: dict[int, wire.Message] = {}
        self._ignored: set[int] = set()
        self._signals: deque[wire.Message] = deque()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(CALL_TIMEOUT_S)
            self._socket.connect(path)
            self._authenticate()
        except OSError as error:
            self._socket.close()
            raise ToolError(f"no D-Bus at {path}: {error}", "systemctl status dbus") from error
        bus = "org.freedesktop.DBus"
        self.call(Call(bus, "/org/freedesktop/DBus", bus, "Hello"))

    def __enter__(self) -> "Bus":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the bus."""
        self._socket.close()

    def call(self, call: Call, timeout: float = CALL_TIMEOUT_S) -> wire.Message:
        """Make one call and return its answer; BusError, ToolError."""
        (answer,) = self.call_all([call], timeout)
        if isinstance(answer, ToolError):
            raise answer
        return answer

    def call_all(
        self, calls: Iterable[Call], timeout: float = CALL_TIMEOUT_S
    ) -> list[wire.Message | BusError]:
        """Send all calls, then wait for all answers, in the order of the calls.

        A call that is answered with an error, or not in time, has a BusError in its place; a
        connection that breaks is a ToolError.
        """
        calls = list(calls)
        serials = [self._send(call) for call in calls]
        deadline = time.monotonic() + timeout
        while any(serial not in self._replies for serial in serials):
            if not self._receive(deadline):
                break
        answers = [self._replies.pop(serial, None) for serial in serials]
        self._ignored |= {s for s, a in zip(serials, answers, strict=True) if a is None}
        return [
            _late(call, timeout) if answer is None else _answer(answer)
            for call, answer in zip(calls, answers, strict=True)
        ]

    def subscribe(self, rules: Iterable[str]) -> None:
        """Ask for signals by match rules."""
        bus = "org.freedesktop.DBus"
        calls = [
            Call(bus, "/org/freedesktop/DBus", bus, "AddMatch", "s", (rule,)) for rule in rules
        ]
        for answer in self.call_all(calls):
            if isinstance(answer, BusError):
                raise answer

    def signals(self, timeout: float, wake: socket.socket | None = None) -> list[wire.Message]:
        """All signals that have come; waits for the first one at most `timeout` seconds.

        The wait ends early when `wake` can be read; its bytes are taken.
        """
        if not self._signals:
            watched = [self._socket] if wake is None else [self._socket, wake]
            ready, _, _ = select.select(watched, [], [], max(timeout, 0.0))
            if wake is not None and wake in ready:
                wake.recv(_CHUNK)
        while self._receive(0.0):
            pass
        found = list(self._signals)
        self._signals.clear()
        return found

    def _authenticate(self) -> None:
        uid = str(os.geteuid()).encode().hex().encode()
        self._socket.sendall(b"\0AUTH EXTERNAL " + uid + b"\r\n")
        line = b""
        while not line.endswith(b"\r\n"):
            byte = self._socket.recv(1)
            if not byte or len(line) > 512:
                raise OSError("the bus closed the connection")
            line += byte
        if not line.startswith(b"OK "):
            raise OSError(f"the bus refused us: {line[:80]!r}")
        self._socket.sendall(b"BEGIN\r\n")

    def _send(self, call: Call) -> int:
        self._serial += 1
        fields = {
            wire.PATH: call.path,
            wire.INTERFACE: call.interface,
            wire.MEMBER: call.member,
            wire.DESTINATION: call.destination,
        }
        data = wire.encode(
            wire.CALL, self._serial, fields, call.signature, call.values, wire.NO_AUTO_START
        )
        try:
            self._socket.settimeout(CALL_TIMEOUT_S)
            self._socket.sendall(data)
        except OSError as error:
            raise _lost(error) from error
        return self._serial

    def _receive(self, deadline: float) -> bool:
        """Take in what has come, waiting until `deadline` for it; False when nothing came."""
        left = deadline - time.monotonic()
        try:
            self._socket.settimeout(max(left, 0.0))
            chunk = self._socket.recv(_CHUNK)
        except (BlockingIOError, TimeoutError):
            return False
        except OSError as error:
            raise _lost(error) from error
        if not chunk:
            raise _lost("the bus closed the connection")
        self._buffer += chunk
        try:
            self._sort()
        except wire.WireError as error:
            raise _lost(error) from error
        return True

    def _sort(self) -> None:
        while len(self._buffer) >= wire.HEADER:
            length = wire.message_length(bytes(self._buffer[: wire.HEADER]))
            if len(self._buffer) < length:
                return
            message = wire.decode(bytes(self._buffer[:length]))
            del self._buffer[:length]
            if message.kind in (wire.RETURN, wire.ERROR):
                self._keep(int(message.fields.get(wire.REPLY_SERIAL, 0)), message)
            elif message.kind == wire.SIGNAL:
                self._signals.append(message)

    def _keep(self, serial: int, message: wire.Message) -> None:
        if serial in self._ignored:
            self._ignored.discard(serial)  # it came after its caller had given up
        else:
            self._replies[serial] = message


def _answer(message: wire.Message) -> wire.Message | BusError:
    if message.kind != wire.ERROR:
        return message
    said = ""
    with contextlib.suppress(wire.WireError, IndexError):
        said = str(message.values()[0])
    name = message.get(wire.ERROR_NAME)
    shown = "".join(c for c in said if c.isprintable())[:300]
    return BusError(name, shown or name)


def _late(call: Call, timeout: float) -> LateError:
    message = f"{call.destination} gives no answer within {timeout:g} s"
    return LateError(NO_REPLY, message, "wait; look at the host's load")


def _lost(why: object) -> ToolError:
    return ToolError(f"the D-Bus connection was lost: {why}", "systemctl status dbus")
