# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps with elapsed time, one line each: readable in a terminal and in a CI log."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


class Progress:
    """Prints `[  12.3 s] what` at the start of a step and its own time at the end."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._start = time.monotonic()
        self.steps: dict[str, float] = {}

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start

    def say(self, text: str) -> None:
        """One line under the clock."""
        self._stream.write(f"[{self.elapsed:7.1f} s] {text}\n")
        self._stream.flush()

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Announce a step, then tell what it took; a failed one is told as such."""
        self.say(f"{text} …")
        start = time.monotonic()
        try:
            yield
        except BaseException:
            self.say(f"{text}: failed after {time.monotonic() - start:.1f} s")
            raise
        self.steps[text] = time.monotonic() - start
        self.say(f"{text}: done in {self.steps[text]:.1f} s")
