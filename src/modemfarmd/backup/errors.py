# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with backups."""

from __future__ import annotations

from modemfarm.errors import PermanentError, TransientError


class BackupFailedError(TransientError):
    """No backup was made, or a restore could not be carried out."""


class BackupRefusedError(PermanentError):
    """This backup cannot be trusted or does not fit this host; nothing that lives was touched."""


def refused(what: str, remedy: str = "take another backup") -> BackupRefusedError:
    """The error, with the remedy that fits what is damaged."""
    return BackupRefusedError(f"the backup is refused: {what}", remedy)
