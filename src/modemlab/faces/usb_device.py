# SPDX-License-Identifier: GPL-3.0-or-later
"""A modem as a USB device: URBs in, completions out. Knows nothing of sockets.

Parsing has to be cheap: thirty modems share one Python process under an emulated CPU, so the
data path is one dictionary look-up from the endpoint to the modem.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial

from modemlab.modem.modem import Modem
from modemlab.usb import cdc, rndis
from modemlab.usb.control import CLASS_FROM_INTERFACE, CLASS_TO_INTERFACE, decode, standard_reply
from modemlab.usb.descriptors import BULK, INTERRUPT, Device, Interface
from modemlab.usb.ec25 import device_of

STALL = -32  # -EPIPE
UNLINKED = -104  # -ECONNRESET: the URB was taken back in time
AT_CHANNEL = {"at2": 2, "at3": 3}
# What waits for a host that does not read. Data is dropped from the end, as a full modem queue
# does; serial and control answers from the front, so that a port opened late is not flooded.
MAX_PACKETS, MAX_SERIAL, MAX_CONTROL = 512, 64, 64

Complete = Callable[[int, int, int, bytes], None]  # sequence, status, length, data


class UsbDevice:
    """One plugged modem. `complete` sends the result of a URB to the host."""

    def __init__(self, modem: Modem, complete: Complete) -> None:
        self.modem = modem
        self.device: Device = device_of(modem)
        self._complete = complete
        self._waiting: dict[int, deque[tuple[int, int]]] = {n: deque() for n in range(16)}
        self._backlog: dict[int, deque[bytes]] = {n: deque() for n in range(16)}
        self._sinks: dict[int, Callable[[bytes], None]] = {}
        self._roles: dict[int, Interface] = {}
        self._closed: set[int] = set()
        self._answers: deque[bytes] = deque()
        self._notify = 0
        for interface in self.device.configuration.interfaces:
            self._wire(interface)

    def submit_in(self, sequence: int, endpoint: int, length: int) -> None:
        """An IN URB: it completes when there is data."""
        backlog = self._backlog[endpoint]
        if backlog and not self._waiting[endpoint]:
            self._give(sequence, length, endpoint, backlog.popleft())
        else:
            self._waiting[endpoint].append((sequence, length))

    def submit_out(self, sequence: int, endpoint: int, data: bytes) -> None:
        """An OUT URB: it completes at once."""
        self._complete(sequence, 0, len(data), b"")
        sink = self._sinks.get(endpoint)
        if sink is not None:
            sink(data)

    def submit_control(self, sequence: int, raw_setup: bytes, data: bytes) -> None:
        """A control URB."""
        setup = decode(raw_setup)
        if setup.kind == CLASS_TO_INTERFACE:
            self._complete(sequence, 0, len(data), b"")
            self._class_out(setup.request, setup.value, setup.index & 0xFF, data)
            return
        if setup.kind == CLASS_FROM_INTERFACE:
            reply = self._class_in(setup.request, setup.index & 0xFF)
        elif setup.is_in:
            reply = standard_reply(self.device, setup)
        else:
            reply = b""
        if reply is None:
            self._complete(sequence, STALL, 0, b"")
        elif setup.is_in:
            reply = reply[: setup.length]
            self._complete(sequence, 0, len(reply), reply)
        else:
            self._complete(sequence, 0, len(data), b"")

    def unlink(self, sequence: int) -> int:
        """Take a waiting URB back; 0 when it has completed already."""
        for waiting in self._waiting.values():
            for urb in waiting:
                if urb[0] == sequence:
                    waiting.remove(urb)
                    return UNLINKED
        return 0

    def send(self, endpoint: int, data: bytes, limit: int = MAX_SERIAL) -> None:
        """Data for the host on an IN endpoint, kept for later when nothing waits for it."""
        waiting = self._waiting[endpoint]
        if waiting:
            sequence, length = waiting.popleft()
            self._give(sequence, length, endpoint, data)
            return
        backlog = self._backlog[endpoint]
        backlog.append(data)
        if len(backlog) > limit:
            backlog.popleft()

    def _give(self, sequence: int, length: int, endpoint: int, data: bytes) -> None:
        if len(data) > length:
            self._backlog[endpoint].appendleft(data[length:])
            data = data[:length]
        self._complete(sequence, 0, len(data), data)

    def _wire(self, interface: Interface) -> None:
        """Connect the endpoints of one interface to the modem."""
        role = interface.role
        if interface.alternate == 0:
            self._roles[interface.number] = interface
        source = interface.endpoint(BULK, is_in=True)
        sink = interface.endpoint(BULK, is_in=False)
        notify = interface.endpoint(INTERRUPT, is_in=True)
        if role in AT_CHANNEL and source and sink:
            channel = AT_CHANNEL[role]
            self.modem.on_at[channel] = partial(self._say, source.number)
            self._sinks[sink.number] = partial(self.modem.at, channel)
        elif role == "qmi" and source and sink and notify:
            self._notify = notify.number
            self._sinks[sink.number] = self.modem.from_host
            self.modem.on_packet = partial(self._packet, source.number)
            self.modem.on_qmi = self._control_answer
        elif notify and role not in AT_CHANNEL and role != "nmea":
            self._notify = notify.number

    def _packet(self, endpoint: int, data: bytes) -> None:
        waiting = self._waiting[endpoint]
        if waiting:
            sequence, _ = waiting.popleft()
            self._complete(sequence, 0, len(data), data)
        elif len(self._backlog[endpoint]) < MAX_PACKETS:
            self._backlog[endpoint].append(data)

    def _control_answer(self, frame: bytes) -> None:
        """Queue an encapsulated answer and tell the host that it is there."""
        self._answers.append(frame)
        if len(self._answers) > MAX_CONTROL:
            self._answers.popleft()
        index = next(n for n, i in self._roles.items() if i.role in ("qmi", "rndis"))
        self.send(self._notify, cdc.response_available(index), MAX_CONTROL)

    def _class_out(self, request: int, value: int, index: int, data: bytes) -> None:
        interface = self._roles.get(index)
        role = interface.role if interface else ""
        if request == cdc.SEND_ENCAPSULATED and role == "qmi":
            self.modem.qmi(data)
        elif request == cdc.SEND_ENCAPSULATED and role == "rndis":
            answer = rndis.answer(data, self.device.mac)
            if answer is not None:
                self._control_answer(answer)
        elif request == cdc.SET_CONTROL_LINE_STATE and interface and role != "qmi":
            self._line_state(interface, is_open=bool(value & cdc.DTR))

    def _class_in(self, request: int, index: int) -> bytes | None:
        interface = self._roles.get(index)
        role = interface.role if interface else ""
        if request == cdc.GET_ENCAPSULATED and role in ("qmi", "rndis"):
            return self._answers.popleft() if self._answers else b""
        if role == "mbim":
            return cdc.ntb_reply(request)
        return None

    def _say(self, endpoint: int, data: bytes) -> None:
        """What an AT port says; to a port that was closed it is said to nobody."""
        if endpoint not in self._closed:
            self.send(endpoint, data)

    def _line_state(self, interface: Interface, *, is_open: bool) -> None:
        """DTR follows open and close. What is unread at a close is not for the next program."""
        source = interface.endpoint(BULK, is_in=True)
        if source is None:
            return
        if is_open:
            self._closed.discard(source.number)
        else:
            self._closed.add(source.number)
            self._backlog[source.number].clear()
