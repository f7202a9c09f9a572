# SPDX-License-Identifier: GPL-3.0-or-later
"""The last 24 hours of each modem's signal in half hours, for the small curves of the list."""

from __future__ import annotations

from datetime import UTC, datetime

from ..registry.db import Database

BUCKET_S = 1800
BUCKETS = 48


class SignalDay:
    """Reads a day once, and then only what is new. DatabaseGoneError from `read`."""

    def __init__(self) -> None:
        self._means: dict[str, dict[int, int]] = {}
        self._last: int | None = None

    def read(self, database: Database, now: datetime) -> None:
        """Take in what came since the last time; what is older than a day goes."""
        newest = int(now.timestamp()) // BUCKET_S
        first = newest - BUCKETS + 1
        begin = first if self._last is None else max(first, self._last)
        since = datetime.fromtimestamp(begin * BUCKET_S, UTC)
        rows = database.rows("signal_day", {"since": since, "bucket": BUCKET_S})
        for row in rows:
            self._means.setdefault(row["serial"], {})[row["bucket"]] = round(row["mean"])
        for serial, means in list(self._means.items()):
            kept = {bucket: mean for bucket, mean in means.items() if bucket >= first}
            self._means[serial] = kept
            if not kept:
                del self._means[serial]
        self._last = newest

    def of(self, serial: str) -> list[int | None]:
        """BUCKETS means in dBm, the newest last; None where nothing was measured."""
        means = self._means.get(serial, {})
        if self._last is None:
            return []
        return [means.get(self._last - BUCKETS + 1 + n) for n in range(BUCKETS)] if means else []
