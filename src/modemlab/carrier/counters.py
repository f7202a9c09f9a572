# SPDX-License-Identifier: GPL-3.0-or-later
"""What the carrier counts for each modem; nothing here grows without bound."""

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

NAMES_KEPT = 50  # the latest DNS names of a modem
SOURCES_KEPT = 64  # distinct wrong sources; what comes after is counted as "other"


def bump(counter: "Counter[str]", key: str, limit: int = SOURCES_KEPT) -> None:
    """Count `key`, or "other" once the counter holds `limit` different keys."""
    counter[key if key in counter or len(counter) < limit else "other"] += 1


@dataclass(slots=True)
class LineCounters:
    """Counters of one modem's line. Bytes are IP packet bytes, headers included."""

    packets_up: int = 0
    bytes_up: int = 0
    packets_down: int = 0
    bytes_down: int = 0
    local: int = 0  # link-local or unspecified source: never leaves a real modem
    not_connected: int = 0  # packets for the host while its bearer was down
    lost: int = 0  # the carrier's device would not take the packet
    wrong_source: Counter[str] = field(default_factory=Counter)
    dns_queries: int = 0
    dns_names: deque[str] = field(default_factory=lambda: deque(maxlen=NAMES_KEPT))
    http_requests: int = 0
    last_seen: float | None = None  # monotonic seconds of the last packet of the host

    def up(self, size: int) -> None:
        """Count a packet of the host with the modem's own source address."""
        self.packets_up += 1
        self.bytes_up += size
        self.last_seen = time.monotonic()

    def down(self, size: int) -> None:
        """Count a packet handed to the modem."""
        self.packets_down += 1
        self.bytes_down += size

    def dns(self, name: str) -> None:
        """Count a DNS query for `name`."""
        self.dns_queries += 1
        self.dns_names.append(name)

    def as_dict(self) -> dict[str, Any]:
        """Plain values; `idle` is seconds since the last packet of the host, or None."""
        seen = self.last_seen
        return {
            "packets_up": self.packets_up,
            "bytes_up": self.bytes_up,
            "packets_down": self.packets_down,
            "bytes_down": self.bytes_down,
            "local": self.local,
            "not_connected": self.not_connected,
            "lost": self.lost,
            "wrong_source": dict(self.wrong_source),
            "wrong_source_packets": self.wrong_source.total(),
            "dns_queries": self.dns_queries,
            "dns_names": list(self.dns_names),
            "http_requests": self.http_requests,
            "idle": None if seen is None else round(time.monotonic() - seen, 3),
        }
