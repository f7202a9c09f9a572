# SPDX-License-Identifier: GPL-3.0-or-later
"""A D-Bus service in a thread: objects with properties, and methods as Python functions.

It speaks through the same wire code as the product, but a real dbus-daemon stands between and
checks every byte of both sides.
"""

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any

from modemfarm.dbus import wire
from modemfarm.dbus.connection import Bus, Call

DBUS = "org.freedesktop.DBus"
SILENCE = object()  # a method that returns this is never answered


class Refusal(Exception):
    """The method answers with the D-Bus error `name`."""

    def __init__(self, name: str, text: str = "no") -> None:
        super().__init__(text)
        self.name = name


class Service(Bus):
    """Owns `name` on the bus; `objects` is {path: {interface: {property: (signature, value)}}}.

    `methods` is {(interface, member): function(path, *arguments)}, which gives (signature, values).
    """

    def __init__(self, path: str, name: str) -> None:
        self.name = name
        self.objects: dict[str, dict[str, dict[str, tuple[str, Any]]]] = {}
        self.methods: dict[tuple[str, str], Callable[..., Any]] = {
            ("org.freedesktop.DBus.ObjectManager", "GetManagedObjects"): self._managed,
            ("org.freedesktop.DBus.Properties", "GetAll"): self._get_all,
        }
        self.calls: list[tuple[Any, ...]] = []  # (path, member, *arguments)
        self.hidden: set[str] = set()  # objects that GetManagedObjects does not show
        super().__init__(path)
        self.call(Call(DBUS, "/org/freedesktop/DBus", DBUS, "RequestName", "su", (name, 4)))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Leave the bus at once, whatever is under way."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        """End, and wait for the thread."""
        self.end()
        self._thread.join(10)
        self.close()
        assert not self._thread.is_alive()

    def emit(self, path: str, interface: str, member: str, signature: str, *values: Any) -> None:
        """Send a signal to all."""
        fields = {wire.PATH: path, wire.INTERFACE: interface, wire.MEMBER: member}
        self._write(wire.SIGNAL, fields, signature, values)

    def properties(self, path: str, interface: str) -> dict[str, tuple[str, Any]]:
        """The properties of one interface, to be changed."""
        return self.objects[path][interface]

    def _serve(self) -> None:
        buffer = bytes(self._buffer)
        self._socket.settimeout(None)
        while True:
            try:
                chunk = self._socket.recv(1 << 16)
            except OSError:
                return
            if not chunk:
                return
            buffer += chunk
            while len(buffer) >= wire.HEADER and len(buffer) >= wire.message_length(buffer[:16]):
                length = wire.message_length(buffer[:16])
                self._take(wire.decode(buffer[:length]))
                buffer = buffer[length:]

    def _take(self, message: wire.Message) -> None:
        if message.kind != wire.CALL:
            return
        fields = {
            wire.DESTINATION: message.get(wire.SENDER),
            wire.REPLY_SERIAL: message.serial,
        }
        try:
            answer = self._answer(message)
        except Refusal as refusal:
            fields[wire.ERROR_NAME] = refusal.name
            self._write(wire.ERROR, fields, "s", (str(refusal),))
        else:
            if answer is not SILENCE:
                signature, values = answer or ("", ())
                self._write(wire.RETURN, fields, signature, values)

    def _answer(self, message: wire.Message) -> Any:
        path, member = message.get(wire.PATH), message.get(wire.MEMBER)
        arguments = message.values()
        self.calls.append((path, member, *arguments))
        method = self.methods.get((message.get(wire.INTERFACE), member))
        if method is None:
            raise Refusal(f"{DBUS}.Error.UnknownMethod", f"no {member}")
        return method(path, *arguments)

    def _write(self, kind: int, fields: dict[int, Any], signature: str, values: Any) -> None:
        self._serial += 1
        with contextlib.suppress(OSError):
            self._socket.sendall(wire.encode(kind, self._serial, fields, signature, values))

    def _managed(self, _: str) -> Any:
        shown = {p: interfaces for p, interfaces in self.objects.items() if p not in self.hidden}
        return "a{oa{sa{sv}}}", (shown,)

    def _get_all(self, path: str, interface: str) -> Any:
        if interface not in self.objects.get(path, {}):
            raise Refusal(f"{DBUS}.Error.UnknownMethod", f"no {interface} at {path}")
        return "a{sv}", (self.objects[path][interface],)
