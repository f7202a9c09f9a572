# SPDX-License-Identifier: GPL-3.0-or-later
"""Why we close a WebSocket. Codes from 4000 are an application's own (RFC 6455, 7.4.2)."""

from __future__ import annotations

from enum import IntEnum


class Close(IntEnum):
    """Described for users in docs/api.md."""

    GOING_AWAY = 1001  # the API ends
    LATER = 1013  # the database is away, so nothing can be shown
    BAD_MESSAGE = 4400
    ENDED = 4401  # the token, the log-in or the account has ended
    FORBIDDEN = 4403  # not with this role or for these modems
    SILENT = 4408  # nothing was subscribed to in time
    CHANGED = 4409  # the caller's rights have changed
    SLOW = 4413  # the client does not read as fast as things change
    TOO_MANY = 4429  # messages, or connections of one caller
