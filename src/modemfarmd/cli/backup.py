# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm backup` and `modemfarm restore`: one encrypted file, and back."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..backup.make import Made
    from ..backup.restore import Report

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Config = Annotated[
    Path,
    typer.Option("--config", envvar="MODEMFARM_BACKUP", help="How this host keeps its backups."),
]
CONFIG = Path("/etc/modemfarm/backup.json")  # backup.settings.DEFAULT_PATH, which imports more


def backup(ctx: typer.Context, config: Config = CONFIG, as_json: Json = False) -> None:
    """Save database, configuration and PIN tries as one encrypted file; remove old ones."""
    from modemfarm.settings import FarmSettings

    from ..backup import contents
    from ..backup.make import make_backup
    from ..backup.settings import BackupSettings

    farm, settings = FarmSettings.load(ctx.obj[0]), BackupSettings.load(config)
    made = make_backup(farm, settings, datetime.now(UTC), contents.ROOT)
    _show_made(made, as_json)


def _show_made(made: Made, as_json: bool) -> None:
    from .output import show_json

    manifest = made.manifest
    rows = sum(manifest.rows.values())
    if as_json:
        show_json(
            {
                "file": str(made.path), "bytes": made.size, "rows": rows,
                "schema": manifest.schema, "modemfarm": manifest.modemfarm,
                "parts": [part.name for part in manifest.parts],
                "left_out": list(manifest.left_out),
                "removed": [str(path) for path in made.removed],
            }
        )  # fmt: skip
        return
    lines = [f"left out {line}" for line in manifest.left_out]
    lines += [f"removed {path}" for path in made.removed]
    lines.append(f"{made.path}: {rows} rows, {len(manifest.parts) - 1} files, {made.size} bytes")
    _write(lines)


def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="As `backup` wrote it.")],
    identity: Annotated[
        str | None,
        typer.Option(help="The private key: a file, or - for standard input.", metavar="FILE"),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check all of it, as a restore does; change nothing.")
    ] = False,
    other_host: Annotated[
        bool, typer.Option("--other-host", help="This host takes the place of the backup's.")
    ] = False,
    keep_tokens: Annotated[
        bool, typer.Option("--keep-tokens", help="Do not revoke the API tokens that are in it.")
    ] = False,
    config: Config = CONFIG,
    as_json: Json = False,
) -> None:
    """Restore a backup on this host, or refuse it before anything is touched. For root."""
    from modemfarm.caller import actor_here, user_name
    from modemfarm.errors import NotPermittedError
    from modemfarm.settings import FarmSettings

    from ..backup import contents
    from ..backup.restore import Wish
    from ..backup.restore import restore as run
    from ..backup.settings import BackupSettings

    if os.geteuid() != 0:
        raise NotPermittedError(
            f"{user_name(os.geteuid())} may not restore", "sudo modemfarm restore"
        )
    farm, settings = FarmSettings.load(ctx.obj[0]), BackupSettings.load(config)
    wish = Wish(
        file, identity or str(settings.identity), actor_here("cli"),
        verify, other_host, keep_tokens, contents.ROOT,
    )  # fmt: skip
    with _progress() as step:
        report = run(wish, farm, settings, step)
    _show_report(report, as_json)


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """What is being done, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("restoring") as status:
        yield lambda what: status.update(what)


def _show_report(report: Report, as_json: bool) -> None:
    from modemfarm.plain import as_plain

    from .output import show_json

    if as_json:
        found: dict[str, Any] = as_plain(report)
        manifest = found.pop("manifest")
        found["backup"] = {
            name: manifest[name] for name in ("host", "made_at", "modemfarm", "schema")
        } | {"rows": sum(report.manifest.rows.values())}
        show_json(found)
        return
    _write(_report_lines(report))


def _report_lines(report: Report) -> Iterator[str]:
    would = "" if report.restored else "would be "
    for one in report.differences:
        yield f"~ {one.what} {one.about}  {one.field}: {_word(one.before)} -> {_word(one.after)}"
    yield from (f"+ /{name} {would}written" for name in report.written)
    yield from (f"  /{name} differs and stays: the inventory decides it" for name in report.kept)
    for modem in report.missing:
        yield (
            f"  {modem['serial']} is not plugged in: slot {modem['slot']} and port {modem['port']}"
            " stay reserved"
        )
    if report.sessions:
        yield f"  {report.sessions} log-ins {would}ended"
    if report.tokens:
        yield f"  API tokens {would}revoked: {', '.join(report.tokens)}"
    if report.before:
        yield f"  the registry until now is kept as database {report.before}"
    manifest = report.manifest
    rows = sum(manifest.rows.values())
    yield (
        f"{'restored' if report.restored else 'good'}: {manifest.host} of {manifest.made_at},"
        f" {rows} rows, schema {manifest.schema}, {len(manifest.parts) - 1} files"
    )


def _write(lines: Any) -> None:
    from ..text import printable

    sys.stdout.write("".join(printable(line) + "\n" for line in lines))


def _word(value: object) -> object:
    return "-" if value is None else value
