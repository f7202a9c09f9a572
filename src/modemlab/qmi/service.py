# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of a QMI service: handlers by message number, and the clients it serves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from modemlab.qmi.codec import INDICATION, Request, Tlv, encode
from modemlab.qmi.errors import Code, QmiError

if TYPE_CHECKING:
    from modemlab.modem.modem import Modem

Reply = list[Tlv]

# A real modem keeps a small table for each service (10 in some firmware); a process that is
# killed leaks its ids, so the limit has to exist, and be wide enough for a few restarts.
MAX_CLIENTS = 24


class Pending:
    """An answer that comes later: whoever keeps it calls `answer`, once or never."""

    def __init__(self) -> None:
        self._send: Callable[[int, Reply], None] | None = None
        self._early: tuple[int, Reply] | None = None

    def answer(self, tlvs: Reply, error: int = 0) -> None:
        """Send the answer, or hold it until the way back is known."""
        if self._send is None:
            self._early = (error, tlvs)
        else:
            self._send(error, tlvs)

    def bind(self, send: Callable[[int, Reply], None]) -> None:
        """Tell the way back: `send(error, tlvs)`."""
        self._send = send
        if self._early is not None:
            send(*self._early)


Handler = Callable[[Any, Request], "Reply | Pending"]


def message(number: int) -> Callable[[Handler], Handler]:
    """Mark a method as the handler of one message."""

    def mark(handler: Handler) -> Handler:
        handler.__dict__["qmi_message"] = number
        return handler

    return mark


class Service:
    """Base of the services. Subclasses give number, version, handlers and `accepted`:
    messages that are answered with success and nothing else."""

    number: ClassVar[int]
    version: ClassVar[tuple[int, int]]
    accepted: ClassVar[frozenset[int]] = frozenset()
    _handlers: ClassVar[dict[int, Handler]]

    def __init_subclass__(cls) -> None:
        cls._handlers = {
            attribute.qmi_message: attribute
            for attribute in vars(cls).values()
            if hasattr(attribute, "qmi_message")
        }

    def __init__(self, modem: Modem) -> None:
        self.modem = modem
        self.clients: set[int] = set()

    def handle(self, request: Request) -> Reply | Pending:
        """The TLVs of the answer, or a promise of them. Raises QmiError."""
        handler = self._handlers.get(request.message)
        if handler is not None:
            return handler(self, request)
        if request.message in self.accepted:
            return []
        raise QmiError(Code.NOT_SUPPORTED)

    def allocate(self) -> int:
        """A free client id. Raises QmiError when the table is full."""
        if len(self.clients) >= MAX_CLIENTS:
            raise QmiError(Code.CLIENT_IDS_EXHAUSTED)
        client = next(number for number in range(1, 255) if number not in self.clients)
        self.clients.add(client)
        return client

    def release(self, client: int) -> None:
        """Forget a client; subclasses drop what it registered for."""
        self.clients.discard(client)

    def reset(self) -> None:
        """Forget everything a boot forgets."""
        for client in list(self.clients):
            self.release(client)

    def indicate(self, client: int, number: int, tlvs: Reply) -> None:
        """Send an indication to one client."""
        self.modem.qmi_engine.indicate(encode(self.number, client, INDICATION, 0, number, tlvs))


def required(request: Request, kind: int, size: int = 1) -> bytes:
    """A mandatory TLV of at least `size` bytes. Raises QmiError."""
    value = request.tlvs.get(kind)
    if value is None:
        raise QmiError(Code.MISSING_ARGUMENT)
    if len(value) < size:
        raise QmiError(Code.MALFORMED_MESSAGE)
    return value
