# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong in the daemons; transient and permanent as in `modemfarm.errors`."""

from __future__ import annotations

from modemfarm.errors import PermanentError, TransientError


class DatabaseGoneError(TransientError):
    """PostgreSQL cannot be reached or ended the connection."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "systemctl status postgresql")


class SlotsExhaustedError(PermanentError):
    """Every slot of this host belongs to a modem, or its port to a foreign process."""


class SlotRaceError(TransientError):
    """Others took each slot that was tried."""


class SchemaError(PermanentError):
    """The database's schema and this program do not fit together."""

    def __init__(
        self,
        message: str,
        remedy: str = "install the version of modemfarm that made the schema",
    ) -> None:
        super().__init__(message, remedy)


class JournalError(TransientError):
    """The journal of this host cannot be read."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "as root, or as a member of the group systemd-journal")


class ApplyError(TransientError):
    """The apply service could not be reached or did not finish."""

    def __init__(self, message: str, remedy: str = "journalctl -u modemfarm-apply") -> None:
        super().__init__(message, remedy)
