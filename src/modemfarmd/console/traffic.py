# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes through the modems' interfaces of this host, as the kernel counts them since they came up.

/sys/class/net is for everybody to read; another host's modems have no number here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

NET = Path("/sys/class/net")
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,14}\Z")  # it comes from the database


@dataclass(frozen=True)
class Count:
    """received, sent: bytes; rates in bytes/s since the look before, None at the first."""

    received: int
    sent: int
    received_rate: float | None = None
    sent_rate: float | None = None


class Traffic:
    """Looks at counters; remembers the look before."""

    def __init__(self, clock: Callable[[], float], net: Path = NET) -> None:
        self._clock = clock
        self._net = net
        self._before: dict[str, tuple[float, int, int]] = {}

    def look(self, interface: str | None) -> Count | None:
        """None for an interface that is not there."""
        if interface is None or not _NAME.match(interface):
            return None
        folder = self._net / interface / "statistics"
        try:
            received, sent = (
                int((folder / name).read_text(encoding="ascii"))
                for name in ("rx_bytes", "tx_bytes")
            )
        except (OSError, ValueError):
            self._before.pop(interface, None)
            return None
        now = self._clock()
        at, old_received, old_sent = self._before.get(interface, (now, received, sent))
        self._before[interface] = (now, received, sent)
        passed = now - at
        if passed <= 0 or received < old_received or sent < old_sent:
            return Count(received, sent)
        return Count(received, sent, (received - old_received) / passed, (sent - old_sent) / passed)
