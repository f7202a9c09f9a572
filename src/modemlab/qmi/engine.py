# SPDX-License-Identifier: GPL-3.0-or-later
"""Dispatch of QMI requests to services, and of state changes to indications."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from modemlab.modem.errors import CallFailedError
from modemlab.qmi import codec
from modemlab.qmi.ctl import Ctl
from modemlab.qmi.dms import Dms
from modemlab.qmi.errors import Code, QmiError
from modemlab.qmi.nas import Nas
from modemlab.qmi.service import Pending, Reply, Service
from modemlab.qmi.uim import Uim
from modemlab.qmi.voice import Voice
from modemlab.qmi.wda import Wda
from modemlab.qmi.wds import Wds
from modemlab.qmi.wms import Wms

if TYPE_CHECKING:
    from modemlab.modem.bearers import Session
    from modemlab.modem.messages import Message
    from modemlab.modem.modem import Modem


class QmiEngine:
    """All QMI services of one modem."""

    def __init__(self, modem: Modem) -> None:
        self.modem = modem
        self.dms, self.nas, self.wds = Dms(modem), Nas(modem), Wds(modem)
        self.wda, self.uim = Wda(modem), Uim(modem)
        self.wms, self.voice = Wms(modem), Voice(modem)
        offered: list[Service] = [self.wds, self.dms, self.nas, self.wms, self.voice, self.uim,
                                  self.wda]  # fmt: skip
        self.services: dict[int, Service] = {service.number: service for service in offered}
        self.services[codec.CTL] = Ctl(modem, dict(self.services))
        self._answering = False
        self._held: list[bytes] = []
        self._boots = 0

    def handle(self, frame: bytes, reply: Callable[[bytes], None] | None = None) -> None:
        """Answer one frame; garbage and silenced requests get no answer, as on the real port."""
        send = reply or self.modem.send_qmi
        faults = self.modem.faults
        if faults.qmi_silent:
            return
        if faults.vanish == "qmi":
            faults.set("vanish", "off")
            self.modem.vanish()
            return
        try:
            request = codec.decode(frame)
        except codec.BadFrameError:
            return
        self.modem.counters.qmi_requests += 1
        self._answering = True
        try:
            error, outcome = self._answer(request)
        finally:
            self._answering = False
        if isinstance(outcome, Pending):
            outcome.bind(self._late(request, send))
        else:
            send(_response(request, error, outcome))
        held, self._held = self._held, []
        for indication in held:
            self.modem.send_qmi(indication)

    def _late(
        self, request: codec.Request, send: Callable[[bytes], None]
    ) -> Callable[[int, Reply], None]:
        """The way back for a late answer; it ends with the power and with `qmi_silent`."""
        boot = self._boots

        def answer(error: int, tlvs: Reply) -> None:
            if boot == self._boots and not self.modem.faults.qmi_silent:
                send(_response(request, error, tlvs))

        return answer

    def indicate(self, frame: bytes) -> None:
        """Send an indication; one caused by a request follows its answer."""
        if self._answering:
            self._held.append(frame)
        elif not self.modem.faults.qmi_silent:
            self.modem.send_qmi(frame)

    def reset(self) -> None:
        """Forget clients, what they asked for, and answers that are due."""
        self._boots += 1
        for service in self.services.values():
            service.reset()

    def registration_changed(self) -> None:
        self.nas.registration_changed()

    def sim_changed(self) -> None:
        self.uim.card_changed()

    def message_stored(self, stored: Message) -> None:
        self.wms.message_stored(stored)

    def message_transferred(self, tpdu: bytes, *, acknowledge: bool) -> None:
        self.wms.message_transferred(tpdu, acknowledge=acknowledge)

    def bearer_changed(self, session: Session, up: bool) -> None:
        self.wds.bearer_changed(session, up)

    def _answer(self, request: codec.Request) -> tuple[int, Reply | Pending]:
        service = self.services.get(request.service)
        if service is None:
            return Code.INVALID_SERVICE_TYPE, []
        if request.service != codec.CTL and request.client not in service.clients:
            return Code.INVALID_CLIENT_ID, []
        try:
            return 0, service.handle(request)
        except QmiError as error:
            return error.code, list(error.tlvs)
        except CallFailedError:
            return Code.CALL_FAILED, []


def _response(request: codec.Request, error: int, tlvs: Reply) -> bytes:
    return codec.encode(request.service, request.client, codec.RESPONSE, request.transaction,
                        request.message, [codec.result(error), *tlvs])  # fmt: skip
