# SPDX-License-Identifier: GPL-3.0-or-later
"""Every PIN that was ever tried on a SIM, so that none is tried twice.

A file of its own: restoring the database must not make it forget. It holds no PIN but a keyed hash
of ICCID and PIN; the key lies beside it and leaves the host in encrypted backups only. What is
going to be tried is on the disk, file and directory, before the PIN goes out. A ledger that cannot
be read or written, or whose key is gone, allows nothing: it is never begun anew while either half
of it is there.

Outcomes: `unknown` is written before a try and stays when nobody learnt how it ended (power cut,
kill -9, modem unplugged). It counts as tried, whatever the SIM's counter says: the counter is back
at 3 after anybody entered the right PIN, and a firmware may show a stale one. A person has to act
then, once in the life of a SIM; afterwards the PIN is `accepted` and may be sent at each start.
`refused` is for ever. An accepted PIN that is sent again keeps its mark meanwhile; if it was
changed on the SIM and the host dies before it wrote the refusal, the rule of three tries holds.
"""

import errno
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from ..errors import PinPolicyError
from ..identity import check_iccid
from .files import locked, read_private, replace_private
from .secret import Pin

DEFAULT_PATH = Path("/var/lib/modemfarm/pin-tries.json")
VERSION = 1
KEY_BYTES = 32
LOCK_WAIT_S = 5.0  # held for one write to the disk
_REMEDY = (
    "restore it from a backup; without one, unlock each SIM in a phone or switch its PIN off, and"
    " then remove ledger and key"
)
_COPY_REMEDY = "take another backup"
_FULL_REMEDY = "make room on its disk; the PIN is entered when the try can be written down"


class Outcome(Enum):
    """How a try ended."""

    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class Ledger:
    """The ledger at a path; its key and its lock lie beside it. Errors: PinPolicyError."""

    def __init__(self, path: Path = DEFAULT_PATH) -> None:
        self._path = path
        self._key_path = path.with_suffix(".key")
        self._lock_path = path.with_suffix(".lock")

    def outcome(self, iccid: str, pin: Pin) -> Outcome | None:
        """How trying this PIN on this SIM ended; None when it was never tried."""
        with self._locked():
            key, tries = self._load()
            return _outcome(tries, _name(key, iccid, pin))

    def begin(self, iccid: str, pin: Pin) -> None:
        """Call it before a try; when it returns, the try is on the disk and may be made.

        PinPolicyError when it may not.
        """
        with self._locked():
            key, tries = self._load()
            name = _name(key, iccid, pin)
            before = _outcome(tries, name)
            if before is Outcome.ACCEPTED:
                return
            if before is not None:
                raise _tried(before)
            self._store(key, tries, name, Outcome.UNKNOWN)

    def end(self, iccid: str, pin: Pin, accepted: bool) -> None:
        """Call it once the SIM has answered the try."""
        with self._locked():
            key, tries = self._load()
            name = _name(key, iccid, pin)
            if _outcome(tries, name) is not Outcome.REFUSED:
                outcome = Outcome.ACCEPTED if accepted else Outcome.REFUSED
                self._store(key, tries, name, outcome)

    def counts(self) -> dict[str, int]:
        """How many tries ended how. PinPolicyError for a ledger that is unusable."""
        live = self._whole()
        return _counts({} if live is None else live[1])

    def adopt(self, raw: bytes | None, key: bytes | None, dry_run: bool = False) -> dict[str, int]:
        """Take over the tries of a copy, as a backup has it, and forget none of its own; the counts
        that it has then. A ledger that is unusable is replaced. PinPolicyError, with nothing
        written, for a damaged copy, and where this ledger has tries under another key.
        """
        copy = self._copy(raw, key)
        if dry_run:
            return _counts(self._union(copy)[1])
        with self._locked():
            key, tries = self._union(copy)
            if key is not None:
                self._write(key, tries)
                self._replace(self._key_path, key)
        return _counts(tries)

    def _copy(self, raw: bytes | None, key: bytes | None) -> tuple[bytes | None, dict[str, Any]]:
        if raw is None:
            if key is None:
                return None, {}
            raise _unusable(self._path, "the copy has its key alone", _COPY_REMEDY)
        try:
            identifier, tries = self._parse(raw)
        except PinPolicyError as error:
            raise PinPolicyError(f"{error.message} (the copy)", _COPY_REMEDY) from error
        if key is None and not tries:
            return None, {}
        if key is None or len(key) != KEY_BYTES or _identifier(key) != identifier:
            raise _unusable(self._key_path, "the copy's is not the key of its ledger", _COPY_REMEDY)
        return key, tries

    def _union(
        self, copy: tuple[bytes | None, dict[str, Any]]
    ) -> tuple[bytes | None, dict[str, Any]]:
        """What is written down here is younger than the copy, so it stands."""
        try:
            live = self._whole()
        except PinPolicyError:
            if copy[0] is None:
                raise
            return copy
        if live is None or not live[1]:
            return copy if copy[0] is not None or live is None else live
        if not copy[1]:
            return live
        if live[0] != copy[0]:
            raise _unusable(self._path, "it has tries, under another key than the copy", _REMEDY)
        return live[0], {**copy[1], **live[1]}

    def _whole(self) -> tuple[bytes, dict[str, Any]] | None:
        """Key and tries; None where there is no ledger yet. PinPolicyError when it is unusable."""
        raw, key = self._read(self._path), self._read(self._key_path)
        if raw is None and key is None:
            return None
        if raw is None:
            raise _unusable(self._path, "it is gone, its key is not")
        identifier, tries = self._parse(raw)
        if key is None and not tries:
            return None
        if key is None or len(key) != KEY_BYTES or _identifier(key) != identifier:
            raise _unusable(self._key_path, "it is not the key of the ledger")
        return key, tries

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with ExitStack() as held:
            try:
                held.enter_context(locked(self._lock_path, LOCK_WAIT_S))
            except OSError as error:
                raise _unusable(self._lock_path, error.strerror) from error
            yield

    def _load(self) -> tuple[bytes, dict[str, Any]]:
        return self._whole() or self._create()  # nothing is forgotten with the key of an empty one

    def _create(self) -> tuple[bytes, dict[str, Any]]:
        """The ledger first: were it the key, dying in between would leave a key without ledger."""
        key = secrets.token_bytes(KEY_BYTES)
        self._write(key, {})
        self._replace(self._key_path, key)
        return key, {}

    def _parse(self, raw: bytes) -> tuple[str, dict[str, Any]]:
        try:
            document = json.loads(raw)
            version, identifier, tries = (document[n] for n in ("version", "key", "tries"))
            for entry in tries.values():
                Outcome(entry["outcome"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise _unusable(self._path, "it is damaged") from error
        if version != VERSION or not isinstance(identifier, str):
            raise _unusable(self._path, "it is of another version")
        return identifier, tries

    def _store(self, key: bytes, tries: dict[str, Any], name: str, outcome: Outcome) -> None:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        self._write(key, {**tries, name: {"outcome": outcome.value, "at": at}})

    def _write(self, key: bytes, tries: dict[str, Any]) -> None:
        document = {"version": VERSION, "key": _identifier(key), "tries": tries}
        self._replace(self._path, json.dumps(document, indent=1).encode("ascii") + b"\n")

    def _replace(self, path: Path, content: bytes) -> None:
        try:
            replace_private(path, content)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            raise _unusable(path, error.strerror, _FULL_REMEDY if full else _REMEDY) from error

    def _read(self, path: Path) -> bytes | None:
        try:
            return read_private(path)
        except OSError as error:
            raise _unusable(path, error.strerror) from error


def _counts(tries: dict[str, Any]) -> dict[str, int]:
    found = [entry["outcome"] for entry in tries.values()]
    return {outcome.value: found.count(outcome.value) for outcome in Outcome}


def _outcome(tries: dict[str, Any], name: str) -> Outcome | None:
    return Outcome(tries[name]["outcome"]) if name in tries else None


def _name(key: bytes, iccid: str, pin: Pin) -> str:
    text = f"{check_iccid(iccid)}:{pin.reveal()}"
    return hmac.new(key, text.encode("ascii"), hashlib.sha256).hexdigest()


def _identifier(key: bytes) -> str:
    """Tells whether a key belongs to a ledger, and nothing else about it."""
    return hmac.new(key, b"modemfarm PIN ledger", hashlib.sha256).hexdigest()[:16]


def _tried(before: Outcome) -> PinPolicyError:
    if before is Outcome.REFUSED:
        return PinPolicyError(
            "PIN refused: this SIM refused it before", "set the right PIN in agent_sim_pins"
        )
    return PinPolicyError(
        "PIN refused: it was tried on this SIM before, and nobody learnt how it ended",
        "check the PIN with the SIM in a phone, and switch its PIN off or change it there",
    )


def _unusable(path: Path, why: str | None, remedy: str = _REMEDY) -> PinPolicyError:
    return PinPolicyError(f"PIN refused: {path}: {why}", remedy)
