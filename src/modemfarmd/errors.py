# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong in the daemons. Transient and permanent are told apart by class."""

from __future__ import annotations


class DaemonError(Exception):
    """Base of all errors of modemfarmd."""


class TransientError(DaemonError):
    """Worth trying again later, with a back-off."""


class PermanentError(DaemonError):
    """Trying again changes nothing; a person has to act."""


class DatabaseGoneError(TransientError):
    """PostgreSQL cannot be reached or ended the connection."""


class SlotsExhaustedError(PermanentError):
    """Every slot of this host belongs to a modem or its port to a foreign process."""


class SchemaError(PermanentError):
    """The database's schema and this program do not fit together."""


class ApplyError(TransientError):
    """The apply service could not be reached or did not finish."""


class BadValueError(PermanentError):
    """A value that is not allowed; the text names field, value and what is allowed."""

    def __init__(self, field: str, value: object, allowed: str) -> None:
        super().__init__(f"{field}: {value!r} is not allowed; allowed: {allowed}")
        self.field = field
        self.value = value
        self.allowed = allowed
