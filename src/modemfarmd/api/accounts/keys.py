# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys that sign access tokens: Ed25519, made on the host, in one file of mode 0600.

The newest signs. One that was replaced is good until the last token that it signed has ended, and
is gone then. Whoever rotates writes the file; a process that runs sees it at the next unknown kid.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from modemfarm.errors import FarmError, SettingsError

FILE = "token-keys.json"
LIFE = timedelta(days=30)  # then a new one signs
OVERLAP = timedelta(minutes=20)  # a token lives for 15, and clocks are set
_MODE = 0o600


@dataclass(frozen=True)
class Key:
    """One key; `kid` names it in a token's header."""

    kid: str
    created: datetime
    private: Ed25519PrivateKey

    @property
    def public(self) -> Ed25519PublicKey:
        """What checks its signatures."""
        return self.private.public_key()


class KeyRing:
    """The keys of a folder. Thread-safe. SettingsError for a file that cannot be used."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self._path = folder / FILE
        self._now = now
        self._lock = threading.Lock()
        self._keys: tuple[Key, ...] = ()
        self._stamp: tuple[int, int] | None = None

    def signing(self) -> Key:
        """The newest key; made when there is none, or when it has signed for LIFE."""
        with self._lock:
            self._reread()
            if not self._keys or self._now() - self._keys[-1].created >= LIFE:
                self._rotate()
            return self._keys[-1]

    def find(self, kid: str) -> Key | None:
        """The key of that name, if its tokens may still count."""
        with self._lock:
            self._reread()
            keys = self._good(self._keys)
        return next((key for key in keys if secrets.compare_digest(key.kid, kid)), None)

    def rotate(self) -> Key:
        """A new key signs from now on."""
        with self._lock:
            self._reread()
            self._rotate()
            return self._keys[-1]

    def revoke(self) -> Key:
        """As rotate, and no token counts that was signed before."""
        with self._lock:
            self._rotate(fresh=True)
            return self._keys[-1]

    def _good(self, keys: tuple[Key, ...]) -> tuple[Key, ...]:
        """Without those that were replaced longer than OVERLAP ago."""
        now = self._now()
        replaced = itertools.pairwise(keys)
        return (
            *(key for key, next_ in replaced if now - next_.created < OVERLAP),
            *keys[-1:],
        )

    def _rotate(self, fresh: bool = False) -> None:
        with self._alone():
            self._reread()
            key = Key(secrets.token_hex(8), self._now(), Ed25519PrivateKey.generate())
            before = () if fresh else self._keys
            self._write(self._good((*before, key)))
        self._reread()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process writes meanwhile."""
        handle = os.open(self._path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, _MODE)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _write(self, keys: tuple[Key, ...]) -> None:
        document = [
            {
                "kid": key.kid,
                "created": key.created.isoformat(),
                "private": key.private.private_bytes_raw().hex(),
            }
            for key in keys
        ]
        fresh = self._path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        handle = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _MODE)
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            json.dump(document, stream)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(self._path)

    def _reread(self) -> None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self._keys, self._stamp = (), None
            return
        stamp = (found.st_mtime_ns, found.st_ino)
        if stamp == self._stamp:
            return
        if found.st_mode & 0o077:
            raise SettingsError(
                f"{self._path} can be read by others", f"chmod 600 {self._path}, then rotate"
            )
        self._keys, self._stamp = _parse(self._path), stamp


def _parse(path: Path) -> tuple[Key, ...]:
    try:
        entries = json.loads(path.read_text(encoding="ascii"))
        keys = [
            Key(
                str(entry["kid"]),
                datetime.fromisoformat(entry["created"]).astimezone(UTC),
                Ed25519PrivateKey.from_private_bytes(bytes.fromhex(entry["private"])),
            )
            for entry in entries
        ]
    except (OSError, ValueError, KeyError, TypeError, UnsupportedAlgorithm, FarmError) as error:
        raise SettingsError(
            f"{path} holds no keys: {type(error).__name__}", f"rm {path}: new ones are made"
        ) from error
    return tuple(sorted(keys, key=lambda key: key.created))
