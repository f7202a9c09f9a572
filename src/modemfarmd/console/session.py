# SPDX-License-Identifier: GPL-3.0-or-later
"""A browser's log-in: a cookie with a random secret, of which the database has the hash.

It is a row of refresh_tokens, so that it ends with its log-in, whoever ends that; its prefix is
another than a refresh token's, so neither counts as the other.
"""

from __future__ import annotations

import re
import secrets

from modemfarm.at.permit import Role

from ..api.accounts.log_in import LIFE
from ..api.accounts.principal import Principal
from ..api.accounts.secrets import BYTES, hash_of
from ..api.parts import Parts
from ..registry.sessions import SessionBook

# The browser itself refuses a __Host- cookie that is not secure, or that another host sets.
COOKIE = "__Host-modemfarm"
ATTRIBUTES = "; Path=/; Secure; HttpOnly; SameSite=Strict"
_SECRET = re.compile(r"mfc_[0-9A-Za-z_-]{43}\Z")


def new_cookie(parts: Parts, session: str) -> str:
    """A Set-Cookie value that counts as long as the log-in does. DatabaseGoneError."""
    secret = "mfc_" + secrets.token_urlsafe(BYTES)
    with parts.pool.database() as database:
        SessionBook(database).add_token(session, hash_of(secret))
    return f"{COOKIE}={secret}{ATTRIBUTES}; Max-Age={int(LIFE.total_seconds())}"


def no_cookie() -> str:
    """A Set-Cookie value that removes it."""
    return f"{COOKIE}={ATTRIBUTES}; Max-Age=0"


def visitor(parts: Parts, secret: str | None) -> Principal | None:
    """Whose cookie it is and what he may now; None when it does not count. DatabaseGoneError."""
    if secret is None or not _SECRET.match(secret):
        return None
    with parts.pool.database() as database:
        book = SessionBook(database)
        session = book.token_session(hash_of(secret))
        row = None if session is None else book.state(session, parts.now())
    if session is None or row is None:
        return None
    modems = None if row["modems"] is None else frozenset(row["modems"])
    return Principal(row["name"], Role(row["role"]), modems, row["expires_at"], session)
