# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts marked packets as they leave this host, by interface (packet(7)).

The kernel hands a packet over after routing and filters, with the interface that it goes out by.
SOCK_DGRAM gives it without a link header, as modems in raw-IP mode have none.
"""

import contextlib
import ctypes
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable
from types import TracebackType

from ..errors import ToolError

_ALL_FRAMES = 0x0003  # ETH_P_ALL: the only protocol for which outgoing packets are seen
_OUTGOING = 4  # PACKET_OUTGOING
_LOOPBACK = "lo"  # the question to a proxy goes this way, not its traffic
_BUFFER = 32 << 20
_SNAP = 400  # bytes of each packet: headers and a DNS question
_POLL_S = 0.1
_SOL_PACKET, _STATISTICS = 263, 6
_ATTACH_FILTER, _RCVBUF_FORCE = 26, 33  # asm-generic/socket.h
# ld pkttype; keep _SNAP bytes of what goes out, nothing of what comes in (linux/filter.h).
_FILTER = ((0x28, 0, 0, 0xFFFFF004), (0x15, 0, 1, _OUTGOING), (0x06, 0, 0, _SNAP), (0x06, 0, 0, 0))

Marker = tuple[int, str]


class Tap:
    """Between `with` and its end it counts; `counts` is {(marker, interface): packets}."""

    def __init__(self, recognise: Callable[[bytes], Marker | None]) -> None:
        self._recognise = recognise
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self.counts: Counter[tuple[Marker, str]] = Counter()
        self.lost = 0

    def __enter__(self) -> "Tap":
        """Begin. ToolError without the right to see packets."""
        try:
            self._socket = socket.socket(
                socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ALL_FRAMES)
            )
        except OSError as error:
            raise ToolError(f"cannot see packets: {error.strerror}", "run it as root") from error
        code = b"".join(struct.pack("=HBBI", *line) for line in _FILTER)
        memory = ctypes.create_string_buffer(code)
        program = struct.pack("@HP", len(_FILTER), ctypes.addressof(memory))
        self._socket.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, program)
        with contextlib.suppress(OSError):  # a container's root may not go beyond the limit
            self._socket.setsockopt(socket.SOL_SOCKET, _RCVBUF_FORCE, _BUFFER)
        self._socket.settimeout(_POLL_S)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Count what is there already, and end."""
        self._stop.set()
        self._thread.join()
        _, self.lost = struct.unpack("II", self._socket.getsockopt(_SOL_PACKET, _STATISTICS, 8))
        self._socket.close()

    def _read(self) -> None:
        while True:
            try:
                packet, place = self._socket.recvfrom(_SNAP)
            except TimeoutError:
                if self._stop.is_set():
                    return
                continue
            if place[0] == _LOOPBACK or place[2] != _OUTGOING:
                continue
            marker = self._recognise(packet)
            if marker is not None:
                self.counts[marker, place[0]] += 1
