# SPDX-License-Identifier: GPL-3.0-or-later
"""How other threads reach the worker: named paths and tasks, both run in the worker's thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

Task = Callable[[], None]


class Inbox:
    """Thread-safe. Paths are a set: a burst of forty udev events about one device is one look."""

    def __init__(self) -> None:
        self._tasks: deque[Task] = deque()
        self._paths: set[str] = set()
        self._wake = threading.Condition()

    def post(self, task: Task) -> None:
        """Have `task` run in the worker's thread."""
        with self._wake:
            self._tasks.append(task)
            self._wake.notify()

    def name(self, path: str) -> None:
        """Something happened at a USB path."""
        with self._wake:
            self._paths.add(path)
            self._wake.notify()

    def drain(self, timeout: float) -> tuple[set[str], list[Task]]:
        """Wait up to `timeout` seconds for something and return all there is."""
        with self._wake:
            if not self._tasks and not self._paths and timeout > 0:
                self._wake.wait(timeout)
            paths, tasks = self._paths, list(self._tasks)
            self._paths = set()
            self._tasks.clear()
        return paths, tasks
