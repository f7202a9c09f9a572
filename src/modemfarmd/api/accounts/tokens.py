# SPDX-License-Identifier: GPL-3.0-or-later
"""Access tokens: JWT as RFC 9068 has them, checked as RFC 8725 asks.

One algorithm, our own keys only, and nothing in the header but alg, typ and kid. What a token says
of its bearer is one thing: the log-in. What that may do is looked up each time.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from modemfarm.errors import PermanentError

from .keys import KeyRing

ALGORITHM = "EdDSA"
TYPE = "at+jwt"
AUDIENCE = "modemfarm-api"
LIFE = timedelta(minutes=15)
LEEWAY = timedelta(seconds=30)  # of a clock that is being set; FAULTS.md F46 allows 60 s
LONGEST = 2048  # characters; ours have about 450
_HEADER = {"alg", "typ", "kid"}
_CLAIMS = {"iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp"}
_SESSION = re.compile(r"[0-9a-f]{32}\Z")


class BadTokenError(PermanentError):
    """This is no token of ours that counts now."""

    def __init__(self, message: str, remedy: str = "log in again: POST /api/auth/token") -> None:
        super().__init__(message, remedy)


@dataclass(frozen=True)
class Access:
    """What a good token says."""

    session: str
    user: str
    expires: datetime


class AccessTokens:
    """Issues and reads the tokens of one host."""

    def __init__(self, keys: KeyRing, host: str, now: Callable[[], datetime]) -> None:
        self._keys = keys
        self._issuer = f"modemfarm:{host}"
        self._now = now

    def ready(self) -> None:
        """See that there is a key. SettingsError."""
        self._keys.signing()

    def issue(self, session: str, user: str) -> tuple[str, datetime]:
        """A token of a log-in, and when it ends."""
        key = self._keys.signing()
        now = self._now().replace(microsecond=0)
        claims = {
            "iss": self._issuer, "aud": AUDIENCE, "sub": user, "sid": session,
            "jti": secrets.token_hex(8), "iat": now, "nbf": now, "exp": now + LIFE,
        }  # fmt: skip
        headers = {"typ": TYPE, "kid": key.kid}
        return jwt.encode(claims, key.private, ALGORITHM, headers), now + LIFE

    def read(self, token: str) -> Access:
        """What it says. BadTokenError for whatever is wrong with it."""
        if len(token) > LONGEST or not token.isascii() or token.count(".") != 2:
            raise BadTokenError("the access token is no JWT")
        kid = _kid(token.partition(".")[0])
        key = self._keys.find(kid)
        if key is None:
            raise BadTokenError("the access token's key is unknown or no longer counts")
        try:
            payload = jwt.api_jws.decode(token, key.public, algorithms=[ALGORITHM])
        except jwt.InvalidTokenError as error:
            raise BadTokenError("the access token's signature is wrong") from error
        return self._checked(_object(payload, "claims"))

    def _checked(self, claims: dict[str, Any]) -> Access:
        if claims.keys() != _CLAIMS:
            raise BadTokenError("the access token has other claims than ours")
        if claims["iss"] != self._issuer or claims["aud"] != AUDIENCE:
            raise BadTokenError("the access token is of or for somebody else")
        session, user = claims["sid"], claims["sub"]
        if not isinstance(session, str) or not _SESSION.match(session) or not isinstance(user, str):
            raise BadTokenError("the access token names no log-in")
        issued, since, until = (_time(claims[name]) for name in ("iat", "nbf", "exp"))
        now = self._now()
        if now >= until + LEEWAY:
            raise BadTokenError("the access token has expired")
        if max(issued, since) > now + LEEWAY:
            raise BadTokenError("the access token is not valid yet")
        if until - issued > LIFE:
            raise BadTokenError("the access token lives longer than ours do")
        return Access(session, user, until)


def _kid(header: str) -> str:
    try:
        raw = base64.urlsafe_b64decode(header + "=" * (-len(header) % 4))
    except (binascii.Error, ValueError) as error:
        raise BadTokenError("the access token is no JWT") from error
    found = _object(raw, "header")
    if found.keys() != _HEADER:
        raise BadTokenError("the access token's header has other fields than alg, typ and kid")
    if found["alg"] != ALGORITHM or found["typ"] != TYPE or not isinstance(found["kid"], str):
        raise BadTokenError("the access token has another algorithm or type than ours")
    if not re.fullmatch(r"[0-9a-f]{16}", found["kid"]):
        raise BadTokenError("the access token's key is unknown or no longer counts")
    return str(found["kid"])


def _object(raw: bytes, what: str) -> dict[str, Any]:
    """A JSON object in which no name comes twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a name comes twice")
        return found

    try:
        document = json.loads(raw, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise BadTokenError(f"the access token's {what} cannot be read") from error
    if not isinstance(document, dict):
        raise BadTokenError(f"the access token's {what} are no JSON object")
    return document


def _time(value: object) -> datetime:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**33:
        raise BadTokenError("the access token has a time that is none")
    return datetime.fromtimestamp(value, UTC)
