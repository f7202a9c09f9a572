# SPDX-License-Identifier: GPL-3.0-or-later
"""WDA (0x1A): the data port's format. This modem speaks raw IP without aggregation only."""

import struct

from modemlab.qmi.codec import Request
from modemlab.qmi.service import Reply, Service, message

RAW_IP = 2
NO_AGGREGATION = 0


class Wda(Service):
    number = 0x1A
    version = (1, 16)

    @message(0x0020)
    def set_data_format(self, _request: Request) -> Reply:
        return self._format()

    @message(0x0021)
    def get_data_format(self, _request: Request) -> Reply:
        return self._format()

    def _format(self) -> Reply:
        # protocol, aggregation up and down, most datagrams and most bytes in one transfer
        values = {0x11: RAW_IP, 0x12: NO_AGGREGATION, 0x13: NO_AGGREGATION, 0x15: 0, 0x16: 0}
        return [(0x10, b"\x00"), *((kind, struct.pack("<I", v)) for kind, v in values.items())]
