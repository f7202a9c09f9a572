# SPDX-License-Identifier: GPL-3.0-or-later
"""What wakes the worker: udev, a scan every five seconds, and the database's notifications.

Each of them only names a key. Losing one is harmless: the scan and the resync find it.
"""

from __future__ import annotations

import errno
import logging
import select
import threading
from collections.abc import Callable

import psycopg2

from ..errors import DatabaseGoneError
from ..registry.db import backoff, connect
from ..registry.deadline import Connection
from .bus import Bus, usb_path_of

log = logging.getLogger(__name__)

SCAN_S = 5.0  # the plan's interval for /dev/serial/by-id
SUBSYSTEMS = ("usb", "tty", "usbmisc", "net")
UDEV_POLL_S = 1.0  # how late a stop request may be noticed
LISTEN_POLL_S = 5.0  # how late a dead connection may be noticed when the server says nothing
CHANNEL = "modem_change"


class UdevWatch(threading.Thread):
    """Names the USB path of each udev event about a modem-like device."""

    def __init__(self, name_key: Callable[[str], None], stop: threading.Event) -> None:
        super().__init__(name="udev", daemon=True)
        self._name_key = name_key
        self._stop_event = stop

    def run(self) -> None:
        """Watch until stopped; without udev the scan alone does the work."""
        try:
            import pyudev

            monitor = pyudev.Monitor.from_netlink(pyudev.Context())
        except (ImportError, OSError) as error:
            log.warning("no udev (%s); scanning every %g s only", error, SCAN_S)
            return
        for subsystem in SUBSYSTEMS:
            monitor.filter_by(subsystem)
        monitor.start()
        while not self._stop_event.is_set():
            try:
                device = monitor.poll(timeout=UDEV_POLL_S)
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    log.error("no udev events any more (%s); scanning every %g s", error, SCAN_S)
                    return
                # Thirty modems at once are 1,500 events, more than the socket holds.
                log.warning("udev events were lost; the scan finds what they were about")
                continue
            path = usb_path_of(device.device_path) if device is not None else None
            if path is not None:
                self._name_key(path)


class Scan(threading.Thread):
    """Every five seconds names each path that appeared, went, or whose ports changed."""

    def __init__(
        self, bus: Bus, name_key: Callable[[str], None], stop: threading.Event,
        interval: float = SCAN_S,
    ) -> None:  # fmt: skip
        super().__init__(name="scan", daemon=True)
        self._bus = bus
        self._name_key = name_key
        self._stop_event = stop
        self._interval = interval
        self._before: dict[str, object] = {}
        self._by_id: frozenset[str] = frozenset()

    def run(self) -> None:
        """Look until stopped."""
        while not self._stop_event.wait(self._interval):
            self.look()

    def look(self) -> None:
        """One scan."""
        by_id = self._bus.by_id()
        now: dict[str, object] = {path: self._bus.glance(path) for path in self._bus.paths()}
        for path in now.keys() | self._before.keys():
            # A change of by-id names does not say whose: look at all of them.
            if by_id != self._by_id or now.get(path) != self._before.get(path):
                self._name_key(path)
        self._before, self._by_id = now, by_id


class Listener(threading.Thread):
    """LISTENs on modem_change; calls `resync` after every (re)connection, `changed` per payload.

    A notification is a hint: it is lost while disconnected, and any user of the database can
    forge one. The receiver re-reads the rows.
    """

    def __init__(
        self,
        dsn: str,
        changed: Callable[[str, int], None],
        resync: Callable[[], None],
        stop: threading.Event,
    ) -> None:
        super().__init__(name="listen", daemon=True)
        self._dsn = dsn
        self._changed = changed
        self._resync = resync
        self._stop_event = stop

    def run(self) -> None:
        """Listen, reconnect with back-off and jitter, until stopped."""
        attempt = 0
        while not self._stop_event.is_set():
            try:
                connection = connect(self._dsn, "modemfarm-agent listen")
                try:
                    attempt = 0
                    self._listen(connection)
                finally:
                    connection.close()
            except (DatabaseGoneError, psycopg2.Error) as error:
                log.debug("listening ended: %s", error)
                self._stop_event.wait(backoff(attempt))
                attempt += 1

    def _listen(self, connection: Connection) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f'LISTEN "{CHANNEL}"')
        self._resync()
        while not self._stop_event.is_set():
            ready, _, _ = select.select([connection], [], [], LISTEN_POLL_S)
            if not ready:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT 1")  # a server that vanished silently fails here
            connection.poll()
            while connection.notifies:
                notify = connection.notifies.pop(0)
                self._changed(notify.payload, notify.pid)
