# SPDX-License-Identifier: GPL-3.0-or-later
"""Users of the proxies (/etc/modemfarm/proxy-users.json): hash and expiry of each, root's alone.

A policy names users; their hashes are in no registry, snapshot, setting or log. 3proxy 1.0.0 knows
$1$ (md5crypt, 1,000 rounds) and $3$ (one round of BLAKE2), so the first is what we make; neither
is slow by today's measure, hence the length that a password must have.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..errors import InvalidValueError, SettingsError

PATH = Path("/etc/modemfarm/proxy-users.json")
VERSION = 1
MAX_BYTES = 200_000
MIN_PASSWORD, MAX_PASSWORD = 12, 128  # characters; 3proxy cuts what is longer than 255 bytes
# No `-`: that is how 3proxy calls a client without a name, and its rules compare names.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}\Z")
_HASH = re.compile(r"\$1\$[A-Za-z0-9./]{1,8}\$[A-Za-z0-9./]{22}\Z")
_ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ORDER = ((0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5))  # crypt(3), its odd order


@dataclass(frozen=True)
class User:
    """One user; from `expires` (UTC) on nobody gets in with the name. None: no end."""

    name: str
    digest: str
    expires: datetime | None = None

    def valid(self, now: datetime) -> bool:
        """False when the time is over."""
        return self.expires is None or now < self.expires

    def __repr__(self) -> str:  # a hash must not come into a log by accident
        return f"User({self.name!r}, expires={self.expires!r})"


def check_name(value: object, field: str = "user") -> str:
    """The name, or InvalidValueError."""
    if not isinstance(value, str) or not _NAME.match(value):
        raise InvalidValueError(
            field, value, "a letter, then up to 31 lower-case letters, digits or underscores"
        )
    return value


def check_password(value: str) -> str:
    """The password, or InvalidValueError that does not repeat it."""
    good = MIN_PASSWORD <= len(value) <= MAX_PASSWORD and value.isascii() and value.isprintable()
    if not good or ":" in value:
        raise InvalidValueError(
            "password", "(not shown)",
            f"{MIN_PASSWORD} to {MAX_PASSWORD} printable ASCII characters without a colon",
        )  # fmt: skip
    return value


def read_users(path: Path = PATH) -> dict[str, User]:
    """All users by name; none where there is no file. SettingsError says what is wrong with it."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
        document = json.loads(raw) if len(raw) <= MAX_BYTES else None
        return parse_users(document)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}", "run it as root") from error
    except InvalidValueError as error:
        raise SettingsError(f"{path}: {error.message}", error.remedy) from error
    except ValueError as error:
        raise SettingsError(f"{path} is not JSON", "restore it, or add its users again") from error


def parse_users(document: object) -> dict[str, User]:
    """Users of a parsed file; InvalidValueError names the field, and shows no hash."""
    if not isinstance(document, Mapping) or document.get("version") != VERSION:
        raise InvalidValueError("version", None, f"an object with version {VERSION}")
    rows = document.get("users")
    if not isinstance(rows, list):
        raise InvalidValueError("users", type(rows).__name__, "a list")
    found: dict[str, User] = {}
    for row in rows:
        user = _user(row)
        if user.name in found:
            raise InvalidValueError("user", user.name, "each name once")
        found[user.name] = user
    return found


def _user(row: object) -> User:
    if not isinstance(row, Mapping) or row.keys() - {"name", "hash", "expires"}:
        raise InvalidValueError("a user", type(row).__name__, "an object of name, hash, expires")
    name, digest = check_name(row.get("name")), row.get("hash")
    if not isinstance(digest, str) or not _HASH.match(digest):
        raise InvalidValueError(
            f"hash of {name}", "(not shown)", "$1$salt$hash, as `openssl passwd -1` prints it"
        )
    return User(name, digest, parse_expiry(row.get("expires")))


def document_of(users: Iterable[User]) -> dict[str, object]:
    """What `parse_users` reads."""
    rows = [
        {
            "name": user.name,
            "hash": user.digest,
            "expires": None if user.expires is None else user.expires.isoformat(),
        }
        for user in sorted(users, key=lambda user: user.name)
    ]
    return {"version": VERSION, "users": rows}


def parse_expiry(value: object) -> datetime | None:
    """A moment such as 2027-01-31T12:00:00+00:00, or a day (until its first moment, UTC)."""
    if value is None:
        return None
    allowed = "a time with its zone such as 2027-01-31T12:00:00+00:00, a day, or nothing"
    try:
        found = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError as error:
        raise InvalidValueError("expires", value, allowed) from error
    if found.tzinfo is None:
        if isinstance(value, str) and len(value) == len("2027-01-31"):
            return found.replace(tzinfo=UTC)
        raise InvalidValueError("expires", value, allowed)
    return found.astimezone(UTC)


def make_hash(password: str) -> str:
    """A new salted hash of a password; InvalidValueError."""
    salt = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return md5crypt(check_password(password), salt)


def matches(password: str, digest: str) -> bool:
    """True for the password that `digest` was made from."""
    salt = digest.split("$")[2]
    return hmac.compare_digest(md5crypt(password, salt), digest)


def md5crypt(password: str, salt: str) -> str:
    """$1$ of crypt(5), which Python no longer has since 3.13."""
    key, seasoning = password.encode(), salt.encode()
    second = _md5(key + seasoning + key)
    text = key + b"$1$" + seasoning
    text += (second * (len(key) // 16 + 1))[: len(key)]
    length = len(key)
    while length:
        text += b"\0" if length & 1 else key[:1]
        length >>= 1
    digest = _md5(text)
    for turn in range(1000):
        text = key if turn & 1 else digest
        text += seasoning if turn % 3 else b""
        text += key if turn % 7 else b""
        digest = _md5(text + (digest if turn & 1 else key))
    groups = [(digest[a] << 16 | digest[b] << 8 | digest[c], 4) for a, b, c in _ORDER]
    groups.append((digest[11], 2))
    return f"$1${salt}$" + "".join(_letters(value, count) for value, count in groups)


def _md5(text: bytes) -> bytes:
    return hashlib.md5(text, usedforsecurity=False).digest()


def _letters(value: int, count: int) -> str:
    return "".join(_ALPHABET[value >> (6 * place) & 0x3F] for place in range(count))
