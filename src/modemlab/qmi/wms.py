# SPDX-License-Identifier: GPL-3.0-or-later
"""WMS (0x05): short messages, stored and sent. QMI's raw data is the PDU of AT+CMGR."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from modemlab.modem import pdu
from modemlab.modem.errors import NoSuchMessageError, NotRegisteredError, StorageFullError
from modemlab.modem.messages import SM, Message, Status
from modemlab.modem.pdu import PduError
from modemlab.modem.short_messages import Outcome
from modemlab.modem.sim import SimState
from modemlab.qmi import wms_data as data
from modemlab.qmi.codec import Request
from modemlab.qmi.errors import Code, QmiError
from modemlab.qmi.service import Pending, Reply, Service, message, required

if TYPE_CHECKING:
    from modemlab.modem.modem import Modem

PROTOCOL_WCDMA = 1
NEW_MESSAGE_TLV = 0x10
ACK_WANTED, ACK_UNWANTED = 0, 1
SEND_CAUSE_TLV, STORED_SEND_CAUSE_TLV = 0x12, 0x13  # each is followed by the failure type


class Wms(Service):
    number = 0x05
    version = (1, 10)
    accepted = frozenset({0x0037})  # send ack

    def __init__(self, modem: Modem) -> None:
        super().__init__(modem)
        self.listeners: set[int] = set()
        self._transfers = 0

    def release(self, client: int) -> None:
        super().release(client)
        self.listeners.discard(client)

    def message_stored(self, stored: Message) -> None:
        """Event report to those who asked: storage and index of a new message."""
        place = struct.pack("<BI", data.NUMBERS[stored.storage], stored.index)
        self._report([(0x10, place), (0x12, bytes([data.MODE_GSM]))])

    def message_transferred(self, tpdu: bytes, *, acknowledge: bool) -> None:
        """Event report with the TPDU itself, which is stored nowhere."""
        self._transfers += 1
        wanted = ACK_WANTED if acknowledge else ACK_UNWANTED
        head = struct.pack("<BIBH", wanted, self._transfers, data.POINT_TO_POINT, len(tpdu))
        self._report([(0x11, head + tpdu), (0x12, bytes([data.MODE_GSM]))])

    @message(0x0000)
    def reset_service(self, request: Request) -> Reply:
        self.listeners.discard(request.client)
        return []

    @message(0x0001)
    def set_event_report(self, request: Request) -> Reply:
        wanted = request.tlvs.get(NEW_MESSAGE_TLV)
        if wanted is not None:
            on = wanted[:1] == b"\x01"
            (self.listeners.add if on else self.listeners.discard)(request.client)
        return []

    @message(0x0020)
    def raw_send(self, request: Request) -> Pending:
        form, raw = data.raw(required(request, 0x01, 3))
        data.require_gsm(form)
        return self._send(
            data.tpdu_of(raw), lambda outcome: data.sent(outcome, 0x01, SEND_CAUSE_TLV)
        )

    @message(0x0021)
    def raw_write(self, request: Request) -> Reply:
        info = required(request, 0x01, 4)
        storage = self._storage(info[0])
        form, raw = data.raw(info[1:])
        data.require_gsm(form)
        smsc, tpdu = data.split(raw)
        status = Status.UNSENT if tpdu[0] & pdu.MTI_MASK == pdu.SUBMIT else Status.READ
        try:
            stored = self.modem.messages.add(storage, status, tpdu, smsc)
        except StorageFullError:
            raise QmiError(Code.DEVICE_STORAGE_FULL) from None
        return [(0x01, struct.pack("<I", stored.index))]

    @message(0x0022)
    def raw_read(self, request: Request) -> Reply:
        stored = self._stored(required(request, 0x01, 5))
        head = struct.pack("<BBH", data.TAGS[stored.status], data.POINT_TO_POINT, len(stored.pdu))
        return [(0x01, head + stored.pdu)]

    @message(0x0023)
    def modify_tag(self, request: Request) -> Reply:
        info = required(request, 0x01, 6)
        stored = self._stored(info)
        self.modem.messages.set_status(stored.storage, stored.index, data.status_of(info[5]))
        return []

    @message(0x0024)
    def delete(self, request: Request) -> Reply:
        """One message by index, all with a tag, or all."""
        storage = required(request, 0x01)[:1]
        if 0x10 in request.tlvs:
            stored = self._stored(storage + required(request, 0x10, 4))
            self.modem.messages.delete(stored.storage, stored.index)
            return []
        tag = request.tlvs.get(0x11)
        statuses = [data.status_of(tag[0])] if tag else []
        self.modem.messages.clear(self._storage(storage[0]), *statuses)
        return []

    @message(0x0030)
    def get_message_protocol(self, _request: Request) -> Reply:
        return [(0x01, bytes([PROTOCOL_WCDMA]))]

    @message(0x0031)
    def list_messages(self, request: Request) -> Reply:
        storage = self._storage(required(request, 0x01)[0])
        tag = request.tlvs.get(0x11)
        wanted = data.status_of(tag[0]) if tag else Status.ALL
        found = [] if data.is_cdma(request) else self.modem.messages.list(storage, wanted)
        rows = b"".join(struct.pack("<IB", m.index, data.TAGS[m.status]) for m in found)
        return [(0x01, struct.pack("<I", len(found)) + rows)]

    @message(0x0032)
    def set_routes(self, request: Request) -> Reply:
        info = required(request, 0x01, 2)
        (count,) = struct.unpack_from("<H", info)
        if len(info) < 2 + data.ROUTE.size * count:
            raise QmiError(Code.MALFORMED_MESSAGE)
        routes = dict(data.route(info[2 + data.ROUTE.size * place :]) for place in range(count))
        self.modem.short_messages.routes.update(routes)
        transfer = request.tlvs.get(0x10)
        if transfer is not None:
            self.modem.short_messages.transfer_reports = transfer[:1] == b"\x01"
        return []

    @message(0x0033)
    def get_routes(self, _request: Request) -> Reply:
        routes = self.modem.short_messages.routes
        rows = [
            data.ROUTE.pack(0, kind, data.NUMBERS[r.storage], r.action)
            for kind, r in routes.items()
        ]
        transfer = bytes([self.modem.short_messages.transfer_reports])
        return [(0x01, struct.pack("<H", len(rows)) + b"".join(rows)), (0x10, transfer)]

    @message(0x0042)
    def send_from_storage(self, request: Request) -> Pending:
        stored = self._stored(required(request, 0x01, 6))

        def result(outcome: Outcome) -> tuple[int, Reply]:
            if outcome.cause is None:
                self._mark_sent(stored)
            return data.sent(outcome, 0x10, STORED_SEND_CAUSE_TLV)

        return self._send(stored.tpdu, result)

    def _send(self, tpdu: bytes, result: Callable[[Outcome], tuple[int, Reply]]) -> Pending:
        """Send a SUBMIT; the answer is `result` of what the network says."""
        pending = Pending()

        def done(outcome: Outcome) -> None:
            error, tlvs = result(outcome)
            pending.answer(tlvs, error)

        try:
            self.modem.short_messages.send(tpdu, done)
        except PduError:
            raise QmiError(Code.WMS_T_PDU_TYPE) from None
        except NotRegisteredError:
            raise QmiError(Code.NETWORK_NOT_READY) from None
        return pending

    def _mark_sent(self, stored: Message) -> None:
        with contextlib.suppress(NoSuchMessageError):  # deleted while it was on its way
            self.modem.messages.set_status(stored.storage, stored.index, Status.SENT)

    def _report(self, tlvs: Reply) -> None:
        for client in sorted(self.listeners):
            self.indicate(client, 0x0001, tlvs)

    def _storage(self, number: int) -> str:
        """The storage's name. Raises QmiError, also for the SIM's without a SIM."""
        storage = data.STORAGES.get(number)
        if storage is None:
            raise QmiError(Code.INVALID_ARGUMENT)
        if storage == SM and self.modem.sim.state is not SimState.READY:
            raise QmiError(Code.UIM_UNINITIALIZED)
        return storage

    def _stored(self, place: bytes) -> Message:
        """The message at a storage number and index. Raises QmiError."""
        number, index = struct.unpack_from("<BI", place)
        try:
            return self.modem.messages.get(self._storage(number), index)
        except NoSuchMessageError:
            raise QmiError(Code.NO_ENTRY) from None
