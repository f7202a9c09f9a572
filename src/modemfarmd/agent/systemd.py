# SPDX-License-Identifier: GPL-3.0-or-later
"""sd_notify(3) in a few lines: tell systemd that we are ready, alive, stopping."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping

BEAT_S = 10.0  # a sign of life this often at least; the watchdog waits for 90 s


class Notifier:
    """Sends state lines to $NOTIFY_SOCKET; does nothing when not run by systemd."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # A leading "@" stands for Linux's abstract namespace.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_s = int(environ.get("WATCHDOG_USEC", "0") or 0) / 1e6

    def send(self, *lines: str) -> bool:
        """Send e.g. "READY=1"; False when there is nobody to tell."""
        if not self._address:
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            try:
                sender.sendto("\n".join(lines).encode(), self._address)
            except OSError:
                return False  # systemd's own time-out deals with a socket that went away
        return True

    def ready(self, status: str) -> bool:
        """Start-up is done."""
        return self.send("READY=1", f"STATUS={status}")

    def alive(self, status: str) -> bool:
        """Feed the watchdog and say what is going on."""
        return self.send("WATCHDOG=1", f"STATUS={status}")

    def stopping(self) -> bool:
        """A shutdown has begun."""
        return self.send("STOPPING=1")


class Beat:
    """Tells systemd the status when it changed, and that we live, every BEAT_S."""

    def __init__(self, notifier: Notifier, clock: Callable[[], float]) -> None:
        self._notifier = notifier
        self._clock = clock
        self._said = ""
        self._due = 0.0

    def __call__(self, status: str) -> None:
        if status != self._said or self._clock() >= self._due:
            self._said = status
            self._due = self._clock() + BEAT_S
            self._notifier.alive(status)
