# SPDX-License-Identifier: GPL-3.0-or-later
"""Restore a backup: everything is checked in private first, and what lives changes in the end.

The order of the end: PIN tries (more of them is always safe), files, registry. The ledger only
grows, so a restore makes no SIM forget a try.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from modemfarm.errors import FarmError, PinPolicyError
from modemfarm.pin.ledger import Ledger
from modemfarm.settings import FarmSettings

from ..errors import DatabaseGoneError
from ..registry.db import Database
from ..registry.migrate import OWNER, available
from ..registry.schema import require_schema
from . import units
from .compare import Difference, differences, missing
from .contents import LEDGER, LEDGER_KEY, ROOT
from .database import login
from .errors import BackupFailedError, refused
from .fit import check_documents, check_fit
from .make import work_folder
from .manifest import Manifest
from .open import Opened, open_backup
from .place import Placing, plan, staged
from .scratch import Scratch
from .settings import BackupSettings
from .settle import Facts, Settled, facts, settle


@dataclass(frozen=True)
class Wish:
    """What is to be restored how. identity: a file, or - for standard input."""

    path: Path
    identity: str
    actor: str
    verify: bool = False
    other_host: bool = False
    keep_tokens: bool = False
    root: Path = ROOT


@dataclass(frozen=True)
class Report:
    """What was, or with verify would be. missing: modems that are not plugged in, reserved."""

    manifest: Manifest
    restored: bool
    differences: tuple[Difference, ...]
    missing: tuple[dict[str, object], ...]
    written: tuple[str, ...]
    kept: tuple[str, ...]
    sessions: int
    tokens: tuple[str, ...]
    before: str | None


def restore(
    wish: Wish,
    farm: FarmSettings,
    settings: BackupSettings,
    step: Callable[[str], None] = lambda _: None,
) -> Report:
    """BackupRefusedError leaves all as it was; so does each other error before the last step."""
    with work_folder(settings.folder) as work:
        scratch = Scratch(farm.database)
        version = scratch.server_version()
        step("decrypting, comparing checksums")
        opened = open_backup(
            wish.path, wish.identity, work / "parts",
            lambda manifest: check_fit(manifest, farm, len(available()), version, wish.other_host),
        )  # fmt: skip
        check_documents(opened)
        ledger = Ledger(wish.root / LEDGER)
        tries = (_tries(ledger), _adopt(ledger, opened, dry_run=True))
        placing = plan(opened, wish.root, wish.other_host)
        try:
            step("restoring the database beside the registry")
            with (work / "words").open("wb") as words:
                scratch.restore(opened.database, opened.manifest, words)
            settled = settle(scratch.dsn, opened.manifest, farm, wish.actor, wish.keep_tokens)
            live = _live(farm.database)
            if not wish.verify:
                step("putting it in place")
                _carry_out(scratch, ledger, opened, placing, wish.root)
        finally:
            scratch.drop()
    return _report(wish, farm, opened.manifest, placing, settled, live, tries, scratch.before)


def _carry_out(
    scratch: Scratch, ledger: Ledger, opened: Opened, placing: Placing, root: Path
) -> None:
    with _explained(), staged(placing, opened, root) as files, units.stopped():
        _adopt(ledger, opened)
        for new, place in files:
            new.replace(place)
        scratch.swap()


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BackupFailedError(
            f"cannot write {error.filename}: {error.strerror}",
            "the registry is as it was; mend that and restore again",
        ) from error


def _adopt(ledger: Ledger, opened: Opened, dry_run: bool = False) -> dict[str, int]:
    try:
        return ledger.adopt(opened.read(LEDGER), opened.read(LEDGER_KEY), dry_run)
    except PinPolicyError as error:
        if dry_run:
            raise refused(error.message, error.remedy) from error
        raise


def _tries(ledger: Ledger) -> dict[str, int]:
    try:
        return ledger.counts()
    except PinPolicyError:
        return {}  # unusable: the copy takes its place


def _live(database: str) -> Facts | None:
    """Of the registry that serves now; None where none can be read, which a restore is for."""
    live = Database(login(database, OWNER), "modemfarm-restore")
    try:
        require_schema(live)
        return facts(live)
    except (DatabaseGoneError, FarmError, psycopg2.Error):
        return None
    finally:
        live.close()


def _report(
    wish: Wish,
    farm: FarmSettings,
    manifest: Manifest,
    placing: Placing,
    settled: Settled,
    live: Facts | None,
    tries: tuple[dict[str, int], dict[str, int]],
    before: str,
) -> Report:
    return Report(
        manifest=manifest,
        restored=not wish.verify,
        differences=tuple(differences(live, settled.facts, tries)),
        missing=tuple(missing(live, settled.facts, farm.host)),
        written=tuple(part.name for part in placing.write),
        kept=placing.kept,
        sessions=settled.sessions,
        tokens=settled.tokens,
        before=None if wish.verify or live is None else before,
    )
