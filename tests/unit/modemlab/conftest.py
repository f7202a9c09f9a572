# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual modem on a clock that the test moves, and small clients for its AT and QMI sides."""

import struct
from collections.abc import Callable

import pytest

from modemlab.modem.clock import ManualClock
from modemlab.modem.modem import Modem
from modemlab.modem.spec import ModemSpec
from modemlab.qmi import codec

REQUEST = struct.Struct("<BHHH")
REQUEST_CTL = struct.Struct("<BBHH")


class AtClient:
    """Sends command lines to one port and collects what comes back."""

    def __init__(self, modem: Modem, channel: int) -> None:
        self.modem = modem
        self.channel = channel
        self.received = b""
        modem.on_at[channel] = self._receive

    def _receive(self, data: bytes) -> None:
        self.received += data

    def take(self) -> bytes:
        """What came since the last take."""
        received, self.received = self.received, b""
        return received

    def send(self, line: str) -> bytes:
        """The bytes that answer `line` at once."""
        self.modem.at(self.channel, line.encode() + b"\r")
        return self.take()

    def lines(self, line: str) -> list[str]:
        """The lines that answer, echo and empty lines left out."""
        answer = self.send(line).decode().replace("\r", "\n").split("\n")
        return [text for text in answer if text and text != line]


class QmiClient:
    """Builds requests and reads answers and indications, by code of its own."""

    def __init__(self, modem: Modem) -> None:
        self.modem = modem
        self.frames: list[bytes] = []
        self.clients: dict[int, int] = {}
        modem.on_qmi = self.frames.append

    def send(self, service: int, client: int, message: int, tlvs: dict[int, bytes]) -> None:
        """One request, transaction 7."""
        body = b"".join(struct.pack("<BH", k, len(v)) + v for k, v in tlvs.items())
        header = REQUEST_CTL if service == 0 else REQUEST
        sdu = header.pack(0, 7, message, len(body)) + body
        self.modem.qmi(struct.pack("<BHBBB", 1, len(sdu) + 5, 0, service, client) + sdu)

    def ask(
        self, service: int, message: int, tlvs: dict[int, bytes] | None = None
    ) -> tuple[int, dict[int, bytes]]:
        """Error code and TLVs of the answer; the client id is allocated when needed."""
        if service not in self.clients:
            self.clients[service] = self.allocate(service) if service else 0
        before = len(self.frames)
        self.send(service, self.clients[service], message, tlvs or {})
        answer = codec.decode(self.frames[before])
        assert (answer.transaction, answer.message) == (7, message)
        return struct.unpack("<HH", answer.tlvs[2])[1], answer.tlvs

    def allocate(self, service: int) -> int:
        """A client id of `service`."""
        error, tlvs = self.ask(0, 0x0022, {1: bytes([service])})
        assert error == 0
        return tlvs[1][1]

    def indications(self) -> list[tuple[int, dict[int, bytes]]]:
        """Message and TLVs of the indications so far, oldest first; they are taken away."""
        found = [codec.decode(f) for f in self.frames if f[4] != 0 and f[6] == codec.INDICATION]
        self.frames.clear()
        return [(indication.message, indication.tlvs) for indication in found]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def make_modem(clock: ManualClock) -> Callable[..., Modem]:
    """A modem from fields of ModemSpec, number 1 unless told."""

    def make(**fields: object) -> Modem:
        return Modem(ModemSpec(**{"number": 1, **fields}), clock)  # type: ignore[arg-type]

    return make


@pytest.fixture
def modem(make_modem: Callable[..., Modem]) -> Modem:
    return make_modem()


@pytest.fixture
def at(modem: Modem) -> AtClient:
    """A client at our port, interface 3."""
    return AtClient(modem, 3)


@pytest.fixture
def at2(modem: Modem) -> AtClient:
    """A client at ModemManager's port, interface 2."""
    return AtClient(modem, 2)


@pytest.fixture
def qmi(modem: Modem) -> QmiClient:
    return QmiClient(modem)


@pytest.fixture
def make_qmi() -> Callable[[Modem], QmiClient]:
    """A QMI client for a modem made in the test."""
    return QmiClient
