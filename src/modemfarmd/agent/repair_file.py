# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of the last day as a file, written before each step begins.

The registry gets a repair when it has ended, and not while the database is away. An agent that
is killed by what a step does would forget it, and take it again and again.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from modemfarm.errors import InvalidValueError
from modemfarm.identity import check_serial

from ..registry.repairs import Repair

log = logging.getLogger(__name__)

DAY = timedelta(days=1)  # the longest budget
KEPT = 500  # of the farm's own limits more than a day's worth
MAX_BYTES = 100_000
FILE = "repairs.json"


class RepairFile:
    """Owned by the worker's thread. A file that cannot be read or written is no reason to stop."""

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self._path = path
        self._now = now
        self._steps: list[Repair] = []

    def read(self) -> list[Repair]:
        """The steps of the last day; the outcome of each is unknown."""
        try:
            with self._path.open("rb") as stream:
                rows = json.loads(stream.read(MAX_BYTES))
            steps = [_repair(*row) for row in rows]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, RecursionError, InvalidValueError) as error:
            log.warning("%s is not read: %s", self._path, error)
            return []
        self._steps = [step for step in steps if self._now() - step.began < DAY]
        return list(self._steps)

    def add(self, serial: str, step: str, began: datetime) -> None:
        """A step begins."""
        recent = [one for one in self._steps if began - one.began < DAY]
        self._steps = [*recent, _repair(serial, step, began.isoformat())][-KEPT:]
        rows = [[one.serial, one.step, one.began.isoformat()] for one in self._steps]
        try:
            self._write(json.dumps(rows, separators=(",", ":")))
        except OSError as error:
            log.error("%s is not written: %s", self._path, error)

    def _write(self, text: str) -> None:
        handle, name = tempfile.mkstemp(prefix=".repairs-", dir=self._path.parent)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).replace(self._path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                Path(name).unlink()
            raise


def _repair(serial: str, step: str, began: str) -> Repair:
    at = datetime.fromisoformat(began)
    if at.tzinfo is None:
        raise ValueError(f"{began} has no time zone")
    return Repair(check_serial(serial), str(step), "", at, at, "unknown")
