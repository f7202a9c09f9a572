# SPDX-License-Identifier: GPL-3.0-or-later
"""Serves PAC files at sockets that systemd has opened, and ends when nobody has asked for a while.

No framework and no request body: it reads one head, limited in bytes and time, answers and closes.
"""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import struct
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import AddressValueError, IPv4Address
from threading import BoundedSemaphore, Lock

from .answer import answer
from .state import State

log = logging.getLogger("modemfarm.pac")

MAX_HEAD = 8192  # bytes; browsers send about 400
HEAD_S = 3.0  # from the connection to the end of the request, however it is cut into pieces
SEATS = 16  # connections at a time; the others wait in the backlog
IDLE_S = 300.0
# A program of before an upgrade is not to serve for ever: at a quiet moment it makes room.
LONGEST_S, QUIET_S = 3600.0, 5.0
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close sends RST


class Server:
    """`state` is asked for each request; times are seconds of `clock`."""

    def __init__(
        self, state: Callable[[], State], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._state = state
        self._clock = clock
        self._lock = Lock()
        self._seats = BoundedSemaphore(SEATS)

    def run(self, listeners: Sequence[socket.socket], idle: float = IDLE_S) -> None:
        """Serve until nobody has come for `idle` seconds."""
        began = last = self._clock()
        with ThreadPoolExecutor(SEATS) as pool, selectors.DefaultSelector() as ready:
            for listener in listeners:
                listener.setblocking(False)
                ready.register(listener, selectors.EVENT_READ)
            while True:
                quiet = QUIET_S if self._clock() - began > LONGEST_S else idle
                left = last + quiet - self._clock()
                events = ready.select(max(0.0, left))
                if not events and left <= 0:
                    return
                for key, _ in events:
                    self._seats.acquire()
                    if not self._accept(key.fileobj, pool):  # type: ignore[arg-type]
                        self._seats.release()
                if events:
                    last = self._clock()

    def _accept(self, listener: socket.socket, pool: ThreadPoolExecutor) -> bool:
        try:
            connection, peer = listener.accept()
        except OSError:  # it has hung up meanwhile, or no descriptor is left
            return False
        pool.submit(self._serve, connection, str(peer[0]))
        return True

    def _serve(self, connection: socket.socket, peer: str) -> None:
        try:
            with connection:
                head = self._read(connection)
                if head is None:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    return
                with self._lock:
                    state = self._state()
                connection.settimeout(HEAD_S)
                connection.sendall(answer(head, IPv4Address(peer), state))
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_WR)
        except (OSError, AddressValueError) as error:
            log.info("%s: %s", peer, error)
        finally:
            self._seats.release()

    def _read(self, connection: socket.socket) -> bytes | None:
        """The head of a request; None for one that does not end in time or in size."""
        limit, data = self._clock() + HEAD_S, b""
        while b"\r\n\r\n" not in data:
            left = limit - self._clock()
            if left <= 0 or len(data) > MAX_HEAD:
                return None
            connection.settimeout(left)
            try:
                chunk = connection.recv(MAX_HEAD)
            except TimeoutError:
                return None
            if not chunk:
                return None
            data += chunk
        return data.partition(b"\r\n\r\n")[0]
