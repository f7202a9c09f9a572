# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords: argon2id, and one that nobody has for accounts that are not there."""

from __future__ import annotations

import secrets
import threading

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from modemfarm.errors import InvalidValueError

# The second recommended option of RFC 9106 (section 4), with one lane: a request has one thread.
MEMORY_KIB = 65_536
PASSES = 3
AT_ONCE = 2  # 64 MiB each; the others wait
SHORTEST, LONGEST = 12, 256  # NIST SP 800-63B asks for 8 at least
RANDOM_BYTES = 15  # 20 characters that can be typed


class Passwords:
    """Hashes and checks; thread-safe. Tests take cheaper parameters."""

    def __init__(self, memory_kib: int = MEMORY_KIB, passes: int = PASSES) -> None:
        self._hasher = argon2.PasswordHasher(
            time_cost=passes, memory_cost=memory_kib, parallelism=1, type=argon2.Type.ID
        )
        self._seats = threading.BoundedSemaphore(AT_ONCE)
        self._nobody = self.hash(random_password())

    def hash(self, password: str) -> str:
        """The PHC string of a password. InvalidValueError for one that is too short or long."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise InvalidValueError(
                "password", f"{len(password)} characters", f"{SHORTEST} to {LONGEST} characters"
            )
        with self._seats:
            return self._hasher.hash(password)

    def check(self, password: str, hash_: str | None) -> bool:
        """Is it the password? With None, for an account that is not there, it takes as long."""
        with self._seats:
            try:
                self._hasher.verify(hash_ or self._nobody, password)
            except (VerificationError, InvalidHashError):
                return False
        return hash_ is not None

    def is_old(self, hash_: str) -> bool:
        """Was it made with other parameters than ours are now?"""
        return self._hasher.check_needs_rehash(hash_)


def random_password() -> str:
    """One that nobody guesses: 120 random bits."""
    return secrets.token_urlsafe(RANDOM_BYTES)
