# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm export` and `import`: which modem has which slot and APN, as YAML that people read."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..portable.difference import Import

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def export(
    ctx: typer.Context,
    output: Annotated[Path | None, typer.Option(help="A file, instead of the screen.")] = None,
    as_json: Json = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON schema of it.")] = False,
) -> None:
    """Write this host's modems, slots, ports and APNs. Works without the database."""
    from modemfarm.settings import FarmSettings

    from .output import show_json
    from .source import modem_rows

    if schema:
        from ..portable.schema import SCHEMA

        show_json(SCHEMA)
        return
    from ..portable.document import document_of

    settings = FarmSettings.load(ctx.obj[0])
    document = document_of(modem_rows(settings, ctx.obj[1]), settings)
    if as_json and output is None:
        show_json(document)
        return
    _write(document, output)


def _write(document: dict[str, Any], output: Path | None) -> None:
    from modemfarm.apply.files import write_text
    from modemfarm.errors import InvalidValueError

    from ..portable.text import write

    text = write(document, datetime.now(UTC))
    if output is None:
        sys.stdout.write(text)
        return
    try:
        write_text(output, text, 0o644)
    except OSError as error:
        raise InvalidValueError(
            "--output", str(output), f"a file that can be written ({error.strerror})"
        ) from error


def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="As `export` wrote it; - for standard input.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it would change.")] = False,
    other_host: Annotated[
        bool, typer.Option("--other-host", help="Take over another host's modems.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Reserve slots and set APNs as the file says. Needs the database; all of it or nothing."""
    from modemfarm.caller import actor_here
    from modemfarm.settings import FarmSettings

    from ..portable.document import parse
    from ..portable.registry import run_import
    from ..portable.text import read
    from .source import open_registry

    settings = FarmSettings.load(ctx.obj[0])
    document = parse(read(_content(file)))
    actor = actor_here("cli")
    with open_registry(settings) as registry:
        found = run_import(
            registry, document, settings, actor, other_host=other_host, dry_run=dry_run
        )
    _show(found, dry_run, as_json)


def _content(file: Path) -> bytes:
    from modemfarm.errors import InvalidValueError

    from ..portable.text import MAX_BYTES

    try:
        if str(file) == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        allowed = f"a file that can be read ({error.strerror})"
        raise InvalidValueError("FILE", str(file), allowed) from error


def _show(found: Import, dry_run: bool, as_json: bool) -> None:
    from modemfarm.plain import as_plain

    from ..text import printable
    from .output import show_json

    if as_json:
        added = [{"serial": entry.serial, "slot": entry.slot} for entry in found.add]
        show_json(as_plain(found) | {"add": added, "changed": found.changes, "dry_run": dry_run})
        return
    lines = [f"+ {entry.serial}  slot {entry.slot}" for entry in found.add]
    lines += [
        f"~ {change.serial}  {change.field}: {_word(change.before)} -> {_word(change.after)}"
        for change in found.change
    ]
    lines += [f"  {serial}  is not in the file and stays" for serial in found.kept]
    lines += [f"note: {remark}" for remark in found.remarks]
    done = "would be" if dry_run else "were"
    changed = len({change.serial for change in found.change})
    lines.append(
        f"{len(found.add)} {done} added, {changed} {done} changed, {len(found.same)} are the same"
    )
    sys.stdout.write("".join(printable(line) + "\n" for line in lines))


def _word(value: object) -> object:
    return "the farm's" if value is None else value
