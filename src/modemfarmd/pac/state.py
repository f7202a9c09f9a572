# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings and registry as files, read again when they have changed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from modemfarm.errors import FarmError
from modemfarm.settings import DEFAULT_PATH as SETTINGS
from modemfarm.settings import FarmSettings
from modemfarm.snapshot import DEFAULT_PATH as SNAPSHOT
from modemfarm.snapshot import ModemRecord, read_snapshot

log = logging.getLogger("modemfarm.pac")
T = TypeVar("T")


@dataclass(frozen=True)
class State:
    """What scripts are made of; None for what could never be read."""

    settings: FarmSettings | None
    records: tuple[ModemRecord, ...] | None


class Kept(Generic[T]):
    """A file's content; what was read last stays when the file is gone or damaged."""

    def __init__(self, path: Path, read: Callable[[Path], T]) -> None:
        self._path = path
        self._read = read
        self._seen: tuple[int, int, int] | None = None
        self._value: T | None = None

    def __call__(self) -> T | None:
        """The content now; None when it could not be read yet."""
        try:
            status = self._path.stat()
        except OSError as error:
            self._tell(None, f"{self._path}: {error.strerror}")
            return self._value
        seen = (status.st_mtime_ns, status.st_size, status.st_ino)
        if seen != self._seen:
            try:
                self._value = self._read(self._path)
                self._seen = seen
            except FarmError as error:
                self._tell(seen, error.message)
        return self._value

    def _tell(self, seen: tuple[int, int, int] | None, words: str) -> None:
        if seen != self._seen or self._value is None:
            log.warning("%s", words)
        self._seen = seen


class Files:
    """The two files of a host; called from one thread at a time."""

    def __init__(self, settings: Path = SETTINGS, snapshot: Path = SNAPSHOT) -> None:
        self._settings = Kept(settings, FarmSettings.load)
        self._records = Kept(snapshot, lambda path: read_snapshot(path).modems)

    def __call__(self) -> State:
        """What they say now."""
        return State(self._settings(), self._records())
