# SPDX-License-Identifier: GPL-3.0-or-later
"""Who fails to log in too often waits: by account and by address, for longer each time.

An account that is not there counts like one that is, so nobody learns which names there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ...registry.db import Database
from ...registry.users import FailureBook

WINDOW = timedelta(minutes=15)  # failures further apart do not add up
LONGEST = timedelta(minutes=15)  # an account must not be locked out for good by a stranger
FIRST = timedelta(seconds=30)


@dataclass(frozen=True)
class Limit:
    """How many failures are free under a kind of key."""

    kind: str
    free: int


# A person mistypes; many people may share an address.
ACCOUNT = Limit("account", 5)
ADDRESS = Limit("address", 20)


class Lockout:
    """Over one Database, in the caller's transaction."""

    def __init__(self, database: Database, account: str, address: str, now: datetime) -> None:
        self._book = FailureBook(database)
        self._keys = {ACCOUNT: f"account:{account}", ADDRESS: f"address:{address}"}
        self._now = now

    def remaining(self) -> timedelta | None:
        """How long the caller has to wait; None when it may try."""
        until = self._book.locked_until(list(self._keys.values()), self._now)
        return None if until is None else until - self._now

    def failed(self) -> bool:
        """Count a failure; True when it locks the account or the address."""
        locked = False
        for limit, key in self._keys.items():
            failures = self._book.failed(key, self._now, WINDOW.total_seconds())
            if failures >= limit.free:
                self._book.lock(key, self._now + _wait(failures - limit.free))
                locked = True
        return locked

    def succeeded(self) -> None:
        """The account starts anew; the address does not: its other failures were for others."""
        self._book.clear(self._keys[ACCOUNT])


def _wait(beyond: int) -> timedelta:
    return min(LONGEST, FIRST * float(2 ** min(beyond, 10)))
