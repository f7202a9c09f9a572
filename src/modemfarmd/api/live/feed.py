# SPDX-License-Identifier: GPL-3.0-or-later
"""The thread behind the hub: LISTENs, has the reader read, and ends clients that lost their rights.

A notification is a hint: it is lost while disconnected, and any user of the database can forge
one. So everything is read again every RESYNC_S, and nothing is taken from a payload but a name.
"""

from __future__ import annotations

import logging
import re
import select
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime

import psycopg2

from ...errors import DatabaseGoneError
from ...registry.db import Database, Row, backoff, connect
from ...registry.deadline import Connection
from ...registry.tickets import TicketBook
from ..accounts.principal import Principal
from .change import EVENTS, LOGS
from .client import Client
from .codes import Close
from .hub import Hub
from .reader import Reader

log = logging.getLogger("modemfarm.api")

RESYNC_S = 30.0
CHECK_S = 15.0  # rights; a change of them is notified, too
POLL_S = 1.0  # how late the end is noticed
GATHER_S = 0.02  # what comes together is read together; a tenth of what an eye notices
MOST_GATHERED = 1_000
APPLICATION = "modemfarm-api live"
_SERIAL = re.compile(r"[0-9]{15}\Z")
_OPERATION = re.compile(r"[0-9a-f]{32}\Z")
# Channel: how what it names looks ("" names nothing).
_CHANNELS = {
    "modem_change": _SERIAL, "modem_view": _SERIAL, "operation_change": _OPERATION,
    "event_added": None, "log_added": None, "access_change": None,
}  # fmt: skip


class Feed(threading.Thread):
    """`ready` is set once the hub has been filled."""

    def __init__(self, dsn: str, hub: Hub, now: Callable[[], datetime]) -> None:
        super().__init__(name="live", daemon=True)
        self._dsn = dsn
        self._hub = hub
        self._now = now
        self._database = Database(dsn, APPLICATION)
        self._reader = Reader(self._database, hub, time.monotonic)
        self._stop_event = threading.Event()
        self.ready = threading.Event()

    def run(self) -> None:
        """Until stopped; a database that is away is tried again with back-off."""
        attempt = 0
        while not self._stop_event.is_set():
            try:
                connection = connect(self._dsn, APPLICATION)
                try:
                    self._listen(connection)
                finally:
                    connection.close()
            except (DatabaseGoneError, psycopg2.Error) as error:
                attempt = 0 if self._hub.fresh else attempt + 1
                log.log(logging.DEBUG if attempt else logging.WARNING, "live: %s", error)
                self._lost(attempt)
            except Exception:
                # A mistake of ours; nobody must go on being told that all is fresh.
                log.exception("live")
                attempt += 1
                self._lost(attempt)
        self._database.close()

    def stop(self) -> None:
        """End it; within POLL_S it is gone."""
        self._stop_event.set()

    def _lost(self, attempt: int) -> None:
        self._hub.refresh(False)
        self._stop_event.wait(backoff(attempt))

    def _listen(self, connection: Connection) -> None:
        with connection.cursor() as cursor:
            for channel in _CHANNELS:
                cursor.execute(f'LISTEN "{channel}"')
        resync = check = 0.0
        while not self._stop_event.is_set():
            if time.monotonic() >= resync:
                self._reader.resync()
                resync = time.monotonic() + RESYNC_S
                self._hub.refresh(True)
                self.ready.set()
            named = self._gathered(connection)
            self._read(named)
            if "access_change" in named or time.monotonic() >= check:
                self._check()
                check = time.monotonic() + CHECK_S

    def _gathered(self, connection: Connection) -> dict[str, set[str]]:
        """What was notified, by channel: nothing for POLL_S, or all that comes within GATHER_S."""
        named: dict[str, set[str]] = defaultdict(set)
        poll = select.poll()  # select(2) ends at descriptor 1023
        poll.register(connection.fileno(), select.POLLIN)
        due = None
        while True:
            left = POLL_S if due is None else due - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                return named
            connection.poll()
            while connection.notifies:
                notify = connection.notifies.pop(0)
                pattern = _CHANNELS[notify.channel]
                if pattern is None or pattern.match(notify.payload):
                    named[notify.channel].add(notify.payload)
            if sum(map(len, named.values())) >= MOST_GATHERED:
                return named
            if named and due is None:
                due = time.monotonic() + GATHER_S

    def _read(self, named: dict[str, set[str]]) -> None:
        serials = named["modem_change"] | named["modem_view"]
        if serials:
            self._reader.modems(serials)
        if named["operation_change"]:
            self._reader.operations(named["operation_change"])
        for channel, topic in (("event_added", EVENTS), ("log_added", LOGS)):
            if named[channel]:
                self._reader.numbered(topic)

    def _check(self) -> None:
        """End clients whose token counts no more or whose rights are others now."""
        clients = self._hub.clients()
        if not clients:
            return
        who = [client.view.who for client in clients]
        doors = TicketBook(self._database).doors(
            {found.session for found in who if found.session is not None},
            {found.program for found in who if found.program is not None},
            self._now(),
        )
        for client in clients:
            found = client.view.who
            judge(client, doors.get(str(found.session or found.program)))


def judge(client: Client, row: Row | None) -> None:
    """End the client when the row, {role, modems} of now, says so."""
    if row is None:
        client.close(Close.ENDED, "the log-in or the API token has ended")
    elif not same_rights(client.view.who, row):
        client.close(Close.CHANGED, "the rights of this account have changed")


def same_rights(who: Principal, row: Row) -> bool:
    """Has the caller the rights that he had?"""
    modems = None if row["modems"] is None else frozenset(row["modems"])
    return who.role.value == row["role"] and who.modems == modems
