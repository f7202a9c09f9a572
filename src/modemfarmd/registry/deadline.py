# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that stands still (stopped, or its network gone) costs seconds, never for ever.

Nothing on the server's side helps then, and the time-outs of TCP know nothing of Unix sockets. So
the client waits itself: libpq runs non-blocking and psycopg2 calls `_wait` for each of its waits.
psycopg2 keeps one such callback for the whole process; the time is of each connection.
"""

from __future__ import annotations

import select
import time
from typing import Any

import psycopg2
import psycopg2.extensions

CONNECT_S = 5.0  # over a Unix socket a live server answers in milliseconds


class Connection(psycopg2.extensions.connection):
    """A connection whose every wait for the server ends after `answer_s` seconds.

    psycopg2 closes a connection that has waited in vain: nobody knows what became of its statement.
    """

    answer_s: float = CONNECT_S  # until it is connected


def _wait(connection: psycopg2.extensions.connection) -> None:
    """Until libpq has what it wants; OperationalError when that takes too long."""
    allowed: float | None = getattr(connection, "answer_s", None)  # None: somebody else's
    deadline = None if allowed is None else time.monotonic() + allowed
    while (state := connection.poll()) != psycopg2.extensions.POLL_OK:
        event = select.POLLIN if state == psycopg2.extensions.POLL_READ else select.POLLOUT
        poll = select.poll()  # select(2) ends at descriptor 1023
        poll.register(connection.fileno(), event)
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        if not poll.poll(None if left is None else left * 1000):
            raise psycopg2.OperationalError(f"no answer from the server within {allowed:g} s")


def connect(dsn: str, answer_s: float, **options: Any) -> Connection:
    """A connection, or OperationalError after CONNECT_S at the latest."""
    psycopg2.extensions.set_wait_callback(_wait)
    connection: Connection = psycopg2.connect(dsn, connection_factory=Connection, **options)
    connection.answer_s = answer_s
    return connection
