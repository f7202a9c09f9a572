# SPDX-License-Identifier: GPL-3.0-or-later
"""The API's socket: on the LAN address only, and deaf to whoever is not among the clients.

Such a caller gets no byte, no certificate either: the connection is reset before TLS begins.
"""

from __future__ import annotations

import logging
import socket
import struct
import time
from collections.abc import Callable

from modemfarm.errors import InvalidValueError, ToolError

log = logging.getLogger("modemfarm.api")

BACKLOG = 512
TELL_S = 60.0
STUCK_MS = 30_000  # whoever takes nothing for so long is cut off, alive or not
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close sends RST


class ChoosySocket(socket.socket):
    """A listening socket whose `accept` gives only peers that are admitted."""

    admits: Callable[[str], bool] = staticmethod(lambda _: False)
    turned_away = 0
    _tell_due = 0.0

    def accept(self) -> tuple[socket.socket, tuple[str, int]]:
        """As socket.accept; whoever is not admitted is gone before."""
        while True:
            connection, address = super().accept()
            if self.admits(address[0]):
                return connection, address
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            connection.close()
            self._tell(address[0])

    def _tell(self, address: str) -> None:
        self.turned_away += 1
        if time.monotonic() >= self._tell_due:
            self._tell_due = time.monotonic() + TELL_S
            log.warning("%s is not among api_clients (%d turned away)", address, self.turned_away)


def listen(address: str, port: int, admits: Callable[[str], bool]) -> ChoosySocket:
    """Listen there. InvalidValueError for an address that the host does not have, ToolError for a
    port that is taken.
    """
    listener = ChoosySocket(socket.AF_INET, socket.SOCK_STREAM)
    listener.admits = admits
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STUCK_MS)  # inherited
        listener.bind((address, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        if error.errno == 99:  # EADDRNOTAVAIL
            raise InvalidValueError("lan_address", address, "an address of this host") from error
        raise ToolError(
            f"cannot listen at {address}:{port}: {error.strerror}", f"ss -ltnp 'sport = :{port}'"
        ) from error
    return listener
