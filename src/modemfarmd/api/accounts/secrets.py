# SPDX-License-Identifier: GPL-3.0-or-later
"""Random secrets that we hand out and keep as hashes only: refresh tokens, API tokens, tickets."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass

REFRESH = "mfr_"
API = "mfa_"
TICKET = "mft_"
BYTES = 32
_API = re.compile(r"mfa_([0-9a-f]{16})_([0-9A-Za-z_-]{43})\Z")
_REFRESH = re.compile(r"mfr_[0-9A-Za-z_-]{43}\Z")
_TICKET = re.compile(r"mft_[0-9A-Za-z_-]{43}\Z")


@dataclass(frozen=True)
class ApiSecret:
    """A program's token: its public id, the whole text, and the hash that is kept."""

    id: str
    text: str
    hash: bytes


def hash_of(text: str) -> bytes:
    """SHA-256: what is hashed has 256 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(text.encode()).digest()


def new_refresh() -> str:
    """A refresh token."""
    return REFRESH + secrets.token_urlsafe(BYTES)


def is_refresh(text: str) -> bool:
    """Does it look like one of ours?"""
    return _REFRESH.match(text) is not None


def new_ticket() -> str:
    """What opens one WebSocket."""
    return TICKET + secrets.token_urlsafe(BYTES)


def is_ticket(text: str) -> bool:
    """Does it look like one of ours?"""
    return _TICKET.match(text) is not None


def new_api() -> ApiSecret:
    """A token for a program; its text is shown once."""
    id_ = secrets.token_hex(8)
    text = f"{API}{id_}_{secrets.token_urlsafe(BYTES)}"
    return ApiSecret(id_, text, hash_of(text))


def api_id(text: str) -> str | None:
    """The id in a program's token; None for what is none."""
    found = _API.match(text)
    return found[1] if found else None
