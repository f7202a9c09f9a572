# SPDX-License-Identifier: GPL-3.0-or-later
"""The modem's own byte counters (AT+QGDCNT, AT+QAUGDCNT of the EC2x AT commands manual)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modemlab.modem.clock import Timer
    from modemlab.modem.modem import Modem

INTERVALS = (0, *range(30, 65536))  # seconds between saves; 0 saves only on request


class Traffic:
    """Bytes sent and received since the counters were reset. Power keeps what was saved."""

    def __init__(self, modem: Modem) -> None:
        self._modem = modem
        self._base = (0, 0)
        self._saved = (0, 0)
        self.interval = 0
        self._timer: Timer | None = None

    @property
    def count(self) -> tuple[int, int]:
        """Sent and received."""
        counters = self._modem.counters
        return counters.up_bytes - self._base[0], counters.down_bytes - self._base[1]

    def reset(self) -> None:
        """Begin at zero."""
        self._set((0, 0))

    def save(self) -> None:
        """Write the counters to the flash."""
        self._saved = self.count

    def save_every(self, seconds: int) -> None:
        """Save by itself; 0 ends that."""
        self.interval = seconds
        self._stop()
        if seconds:
            self._timer = self._modem.clock.later(seconds, self._due)

    def power_cycle(self) -> None:
        """Count on from what was saved."""
        self._set(self._saved)
        self.save_every(0)

    def power_off(self) -> None:
        self._stop()

    def _due(self) -> None:
        self.save()
        self.save_every(self.interval)

    def _set(self, count: tuple[int, int]) -> None:
        counters = self._modem.counters
        self._base = (counters.up_bytes - count[0], counters.down_bytes - count[1])

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
