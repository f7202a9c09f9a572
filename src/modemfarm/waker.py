# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting that another thread can cut short."""

import contextlib
import os
import select


class Waker:
    """One flag that a waiting thread sees at once. Close it when nobody waits any more."""

    def __init__(self) -> None:
        self._handle = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def wake(self) -> None:
        """End the wait that is running, or else the next one."""
        os.eventfd_write(self._handle, 1)

    def clear(self) -> None:
        """Forget a wake that nobody has seen."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._handle)

    def close(self) -> None:
        """Give the handle back."""
        os.close(self._handle)

    def wait(self, seconds: float, handle: int | None = None, events: int = 0) -> tuple[int, bool]:
        """Wait for events (select.POLLIN...) of `handle`, for at most `seconds`.

        Gives the events that came (0 for none) and whether somebody woke us; hang-ups and errors
        of the handle always count as events.
        """
        poll = select.poll()
        poll.register(self._handle, select.POLLIN)
        if handle is not None:
            poll.register(handle, events)
        found = dict(poll.poll(max(0, round(seconds * 1000 + 0.5))))
        woken = found.pop(self._handle, 0) != 0
        return next(iter(found.values()), 0), woken
