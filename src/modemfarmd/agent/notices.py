# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the database's notifications are about us. Any user of the database can forge one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Container

from modemfarm.errors import InvalidValueError
from modemfarm.identity import check_serial

log = logging.getLogger(__name__)

SAY_S = 60.0  # whoever forges them without end gets one line a minute


class Notices:
    """`known` are the serials of this host, `own` gives the server's process that serves us,
    `tell` makes an event.
    """

    def __init__(
        self,
        known: Container[str],
        own: Callable[[], int | None],
        tell: Callable[..., None],
        clock: Callable[[], float],
    ) -> None:
        self._known = known
        self._own = own
        self._tell = tell
        self._clock = clock
        self._say_due = 0.0
        self._unsaid = 0

    def concerns_us(self, payload: str, backend: int) -> bool:
        """True for the row of a modem of ours that somebody else changed.

        A modem that nobody here knows is another host's, or it is found by the next resync.
        """
        if backend == self._own():
            return False
        try:
            serial = check_serial(payload, "payload of a notification")
        except InvalidValueError as error:
            self._refuse(error)
            return False
        if serial not in self._known:
            log.debug("the row of %s is not ours", serial)
            return False
        return True

    def _refuse(self, error: InvalidValueError) -> None:
        if self._clock() < self._say_due:
            self._unsaid += 1
            return
        log.warning("ignored: %s (and %d before it)", error.message, self._unsaid)
        self._tell("notification-refused", None, reason=error.message, unsaid=self._unsaid)
        self._say_due, self._unsaid = self._clock() + SAY_S, 0
