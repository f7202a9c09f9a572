# SPDX-License-Identifier: GPL-3.0-or-later
"""CTL (0x00): versions and client ids."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from modemlab.qmi.codec import CTL, Request
from modemlab.qmi.errors import Code, QmiError
from modemlab.qmi.service import Reply, Service, message, required

if TYPE_CHECKING:
    from modemlab.modem.modem import Modem


class Ctl(Service):
    """The control service; it has no clients of its own."""

    number = CTL
    version = (1, 5)

    def __init__(self, modem: Modem, services: dict[int, Service]) -> None:
        super().__init__(modem)
        self.services = services

    @message(0x0021)
    def get_version_info(self, _request: Request) -> Reply:
        offered = [self, *self.services.values()]
        rows = b"".join(struct.pack("<BHH", s.number, *s.version) for s in offered)
        return [(0x01, bytes([len(offered)]) + rows)]

    @message(0x0022)
    def allocate_cid(self, request: Request) -> Reply:
        number = required(request, 0x01)[0]
        service = self.services.get(number)
        if service is None:
            raise QmiError(Code.INVALID_SERVICE_TYPE)
        return [(0x01, bytes([number, service.allocate()]))]

    @message(0x0023)
    def release_cid(self, request: Request) -> Reply:
        info = required(request, 0x01, 2)
        number, client = info[0], info[1]
        service = self.services.get(number)
        if service is None or client not in service.clients:
            raise QmiError(Code.INVALID_CLIENT_ID)
        service.release(client)
        return [(0x01, info[:2])]

    @message(0x0026)
    def set_data_format(self, _request: Request) -> Reply:
        return [(0x10, struct.pack("<H", 2))]  # link protocol: raw IP

    @message(0x0027)
    def sync(self, _request: Request) -> Reply:
        for service in self.services.values():
            service.reset()
        return []

    @message(0xFF00)
    def proxy_open(self, _request: Request) -> Reply:
        return []  # only a proxy face lets this one through
