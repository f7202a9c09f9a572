# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes what waits in the spool into modem_logs, in a thread and over a connection of its own.

A file is removed only after its rows are committed, and no file's rows are written twice. While
the database is away the files stay where they are; when they are too many the oldest go.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2

from modemfarm.spool import SpoolFiles
from modemfarm.spool_room import Dropped, make_room

from ..errors import DatabaseGoneError, SchemaError
from ..registry.db import backoff
from ..registry.logs import LogBook
from .spool_file import NoSpoolFile, Taken, is_plain, take

log = logging.getLogger(__name__)

LOOK_S = 1.0  # how late a row may come; a look at an empty folder costs 50 microseconds
BATCH_FILES = 64  # each is an open file
BATCH_LINES = 2_000  # one commit; a second of thirty busy modems is ten
SAID_MOST = 1_000  # whoever makes bad files without end gets each said, not our memory

Tell = Callable[[str, dict[str, object]], None]


class Intake(threading.Thread):
    """Looks once a second until stopped. `tell` gets (kind, detail) of an event; any thread.

    `own` are the files that this process writes itself.
    """

    def __init__(
        self,
        folder: Path,
        own: SpoolFiles,
        book: LogBook,
        tell: Tell,
        stop: threading.Event,
        gate: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(name="intake", daemon=True)
        self._folder = folder
        self._own = own
        self._book = book
        self._tell = tell
        self._stop_event = stop
        self._gate = gate
        self._failures = 0
        self._said: set[str] = set()

    def run(self) -> None:
        """Take in, and make room while that fails."""
        wait = LOOK_S
        while not self._stop_event.wait(wait):
            wait = self.turn()

    def turn(self) -> float:
        """One look; the seconds until the next."""
        try:
            self._make_room()
            if self._failures == 0:
                self._own.turn()  # else ours grow on: few large files while nobody takes them
            self.look()
        except (DatabaseGoneError, SchemaError) as error:
            log.log(logging.DEBUG if self._failures else logging.WARNING, "spool waits: %s", error)
            self._failures += 1
            return backoff(self._failures - 1)
        except (OSError, psycopg2.Error) as error:
            self._say(f"the spool {self._folder} waits: {_why(error)}")
            self._failures += 1
            return backoff(self._failures - 1)
        self._failures = 0
        return LOOK_S

    def look(self) -> int:
        """Take in all that is there; how many rows. DatabaseGoneError, OSError."""
        if self._own.problem is not None:
            self._say(self._own.problem)
        rows = 0
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for batch in self._batches(folder, sorted(_names(folder))):
                rows += self._take_in(folder, batch)
        finally:
            os.close(folder)
        return rows

    def _batches(self, folder: int, names: list[str]) -> Iterator[list[Taken]]:
        batch: list[Taken] = []
        for name in names:
            taken = self._take(folder, name)
            if taken is not None:
                batch.append(taken)
            lines = sum(len(one.lines) for one in batch)
            if len(batch) >= BATCH_FILES or lines >= BATCH_LINES:
                yield batch
                batch = []
        if batch:
            yield batch

    def _take(self, folder: int, name: str) -> Taken | None:
        try:
            return take(folder, name)
        except NoSpoolFile as error:
            self._say(f"{self._folder / name} is not taken: {error}")
            with contextlib.suppress(OSError):  # a folder: it stays, and was said
                os.unlink(name, dir_fd=folder)
        return None

    def _take_in(self, folder: int, batch: list[Taken]) -> int:
        try:
            there = [name for name in _names(folder) if is_plain(name)]
            self._gate()
            rows = self._book.take_in({one.name: one.lines for one in batch}, there)
            for one in batch:
                self._report(one)
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(one.name, dir_fd=folder)
        finally:
            for one in batch:
                one.close()
        return rows

    def _report(self, taken: Taken) -> None:
        if taken.faults:
            self._say(
                f"{self._folder / taken.name}: {len(taken.faults)} lines are not taken, the first "
                f"for {taken.faults[0]}"
            )
        for dropped in taken.dropped:
            self._dropped(dropped)

    def _make_room(self) -> None:
        dropped = make_room(self._folder)
        if dropped is not None:
            self._dropped(dropped)

    def _dropped(self, dropped: Dropped) -> None:
        log.warning("%d files of the log (%d bytes) had to go", dropped.files, dropped.size)
        self._tell("logs-dropped", {"files": dropped.files, "bytes": dropped.size})

    def _say(self, text: str) -> None:
        if text in self._said:
            return
        if len(self._said) >= SAID_MOST:
            self._said.clear()
        self._said.add(text)
        log.warning("%s", text)


def _names(folder: int) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries]


def _why(error: OSError | psycopg2.Error) -> str:
    """Without the words of PostgreSQL: they may repeat a row."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return f"PostgreSQL says {error.pgcode}"
