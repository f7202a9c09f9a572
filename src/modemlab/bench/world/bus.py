# SPDX-License-Identifier: GPL-3.0-or-later
"""A system bus in a thread per caller, with nothing behind it but `services`.

It stands for dbus-daemon and the three services at once: what is measured is the farm's side.
"""

from __future__ import annotations

import queue
import socket
import socketserver
import threading
from pathlib import Path
from typing import Any

from modemfarm.dbus import wire

from .services import RefusedError, Services

BUS = "org.freedesktop.DBus"
CHUNK = 1 << 16
# All services are there, all the time. AddMatch and the like have nothing to say.
BUS_ANSWERS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "Hello": ("s", (":1.1",)),
    "GetNameOwner": ("s", (":1.2",)),
    "NameHasOwner": ("b", (True,)),
    "RequestName": ("u", (1,)),
}


class SystemBus:
    """Listens at `path` until closed."""

    def __init__(self, path: Path, services: Services) -> None:
        self._server = socketserver.ThreadingUnixStreamServer(str(path), _Caller)
        self._server.daemon_threads = True
        self._server.request_queue_size = 64
        self._server.services = services  # type: ignore[attr-defined]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


class _Caller(socketserver.BaseRequestHandler):
    """One connection: authentication, then calls in their order."""

    request: socket.socket

    def handle(self) -> None:
        self._serial = 0
        self._lock = threading.Lock()
        # As dbus-daemon does: a caller may send a hundred calls before it reads an answer.
        self._answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        threading.Thread(target=self._write, daemon=True).start()
        self._services: Services = self.server.services  # type: ignore[attr-defined]
        buffer = self._authenticate()
        self._services.listeners.add(self.signal)
        try:
            while True:
                while len(buffer) >= wire.HEADER:
                    length = wire.message_length(bytes(buffer[: wire.HEADER]))
                    if len(buffer) < length:
                        break
                    self._take(wire.decode(bytes(buffer[:length])))
                    del buffer[:length]
                chunk = self.request.recv(CHUNK)
                if not chunk:
                    return
                buffer += chunk
        except OSError:
            return
        finally:
            self._services.listeners.discard(self.signal)
            self._answers.put(None)

    def _write(self) -> None:
        while (data := self._answers.get()) is not None:
            try:
                self.request.sendall(data)
            except OSError:
                return

    def signal(self, fields: dict[int, Any], signature: str, values: tuple[Any, ...]) -> None:
        """Send a signal to this caller."""
        self._send(wire.SIGNAL, fields, signature, values)

    def _authenticate(self) -> bytearray:
        said = bytearray()
        while b"BEGIN\r\n" not in said:
            before = said.count(b"\r\n")
            said += self.request.recv(CHUNK)
            if said.count(b"\r\n") > before and b"BEGIN" not in said:
                self.request.sendall(b"OK 0123456789abcdef0123456789abcdef\r\n")
        return said[said.index(b"BEGIN\r\n") + 7 :]

    def _take(self, message: wire.Message) -> None:
        if message.kind != wire.CALL:
            return
        answer = {wire.REPLY_SERIAL: message.serial}
        if message.get(wire.DESTINATION) == BUS:
            self._send(wire.RETURN, answer, *BUS_ANSWERS.get(message.get(wire.MEMBER), ("", ())))
            return
        try:
            signature, values = self._services.answer(message)
        except RefusedError as error:
            failed = answer | {wire.ERROR_NAME: f"{BUS}.Error.Failed"}
            self._send(wire.ERROR, failed, "s", (str(error),))
            return
        self._send(wire.RETURN, answer, signature, values)

    def _send(
        self, kind: int, fields: dict[int, Any], signature: str, values: tuple[Any, ...]
    ) -> None:
        with self._lock:
            self._serial += 1
            self._answers.put(wire.encode(kind, self._serial, fields, signature, values))
