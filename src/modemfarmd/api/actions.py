# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions on modems. A row of the audit and one of operations are there before anything is done,
and what came of it is written to both when it has ended.

When the first cannot be written, nothing is done. When the second cannot, it is tried again until
it can; what is not written when the API ends is found at its next start and is `unknown` then.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from modemfarm.errors import FarmError

from ..registry.audit import Entry
from ..registry.db import Row, backoff
from ..registry.operations import Asked, OperationBook
from ..registry.pool import Pool
from .audit import Audit
from .problem import ProblemError, as_problem, document

log = logging.getLogger("modemfarm.api")

LONG_AT_ONCE = 4  # the agent takes two restarts at a time and refuses others at once
SWEEP_ACTOR = "api"


@dataclass(frozen=True)
class Order:
    """An action that somebody wants done; `key` is his Idempotency-Key."""

    entry: Entry  # outcome begun; its detail is the request
    key: str | None

    @property
    def fingerprint(self) -> bytes:
        """The same for the same request only."""
        asked = [self.entry.action, self.entry.serial, self.entry.detail]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).digest()


Deed = Callable[[], dict[str, Any]]


class Actions:
    """See the module's text."""

    def __init__(self, pool: Pool, audit: Audit, host: str) -> None:
        self._pool = pool
        self._audit = audit
        self._host = host
        self._long = ThreadPoolExecutor(LONG_AT_ONCE, "action")
        self._pause: Callable[[float], None] = time.sleep

    def run(self, order: Order, deed: Deed) -> tuple[Row, bool]:
        """Do it and wait for its end. The operation, and True when it was done before."""
        row, again = self._begin(order)
        if again:
            return row, True
        return self._do(order, row, deed), False

    def start(self, order: Order, deed: Deed) -> tuple[Row, bool]:
        """As run, but it is only begun: whoever wants the end watches the operation."""
        row, again = self._begin(order)
        if not again:
            self._long.submit(self._do, order, row, deed)
        return row, again

    def sweep(self) -> int:
        """At start: nobody works any more on what is running; how many there were."""
        with self._pool.transaction() as database:
            rows = OperationBook(database).abandoned(self._host)
        for row in rows:
            entry = Entry(SWEEP_ACTOR, None, row["action"], "failed", row["correlation"],
                          row["serial"], {"operation": row["id"], "state": "unknown"})  # fmt: skip
            with self._audit.doing(entry):
                pass
        return len(rows)

    def close(self) -> None:
        """Wait for nothing: what runs is unknown to the next start."""
        self._long.shutdown(wait=False, cancel_futures=True)

    def _begin(self, order: Order) -> tuple[Row, bool]:
        entry = order.entry
        asked = Asked(
            secrets.token_hex(16), self._host, entry.actor, entry.action, entry.serial, order.key,
            order.fingerprint, entry.correlation, entry.detail,
        )  # fmt: skip
        try:
            with self._audit.doing(entry) as database:
                row = OperationBook(database).begin(asked)
                if row is None:
                    raise _TakenError("", "")
                entry.detail["operation"] = row["id"]
        except _TakenError:
            return self._known(order), True
        return row, False

    def _known(self, order: Order) -> Row:
        """What the key was used for. ProblemError when that was another request."""
        with self._pool.database() as database:
            row = OperationBook(database).by_key(order.entry.actor, str(order.key))
        if row is None:  # it was removed as old, just now
            raise ProblemError(409, "the Idempotency-Key has just run out", "send a new key")
        if bytes(row.pop("fingerprint")) != order.fingerprint:
            raise ProblemError(
                422, "the Idempotency-Key was used for another request", "send a new key",
                [{"field": "Idempotency-Key", "value": order.key,
                  "allowed": "a key that you have not used", "remedy": "send a new key"}],
            )  # fmt: skip
        return row

    def _do(self, order: Order, row: Row, deed: Deed) -> Row:
        result, problem = None, None
        try:
            result = deed()
        except FarmError as error:
            problem = document(as_problem(error), order.entry.correlation)
        except Exception:
            log.exception("operation %s", row["id"])
            mistake = ProblemError(500, "a mistake of ours", "journalctl -u modemfarm-api")
            problem = document(mistake, order.entry.correlation)
        ended = row | {"state": "done" if problem is None else "failed", "result": result,
                       "problem": problem}  # fmt: skip
        try:
            return self._end(order, ended)
        except FarmError as error:
            log.warning("the end of operation %s is not written yet: %s", row["id"], error)
            threading.Thread(target=self._insist, args=(order, ended), daemon=True).start()
            return ended

    def _end(self, order: Order, ended: Row) -> Row:
        begun, problem = order.entry, ended["problem"]
        detail: dict[str, Any] = {"operation": ended["id"]}
        if problem is not None:
            detail["error"] = problem["detail"]
        entry = Entry(begun.actor, begun.address, begun.action, ended["state"], begun.correlation,
                      begun.serial, detail)  # fmt: skip
        with self._audit.doing(entry) as database:
            book = OperationBook(database)
            row = book.end(ended["id"], ended["result"], problem)
        return row or ended

    def _insist(self, order: Order, ended: Row) -> None:
        for attempt in range(1_000):
            self._pause(backoff(attempt))
            try:
                self._end(order, ended)
            except FarmError:
                continue
            return


class _TakenError(FarmError):
    """Somebody was faster with the same key."""
