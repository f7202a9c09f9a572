# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm doctor`: what is wrong with this host and what to do. Works without the database."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from modemfarm.caller import user_name
from modemfarm.errors import InvalidValueError

if TYPE_CHECKING:
    from ..doctor.check import Check
    from ..doctor.finding import Finding


def doctor(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    requests: Annotated[
        bool,
        typer.Option("--requests/--no-requests", help="Send a request through each proxy port."),
    ] = True,
    skip: Annotated[
        list[str] | None, typer.Option(metavar="CHECK", help="Leave a check out; again for more.")
    ] = None,
    list_checks: Annotated[
        bool, typer.Option("--list", help="Print what is checked, and check nothing.")
    ] = False,
) -> None:
    """Check the host: what is wrong, why, and what to do. Exit 0 fine, 1 warnings, 2 faults."""
    from modemfarm.apply.host import Host

    from ..doctor.finding import exit_code
    from ..doctor.judge import chosen, judge
    from ..doctor.look import Eyes, look

    checks = chosen(skip or ())
    if list_checks:
        _show_checks(checks, as_json)
        return
    if os.geteuid() != 0:
        # Not NotPermittedError: its exit code would say "warnings".
        raise InvalidValueError("the user", user_name(os.geteuid()), "root (sudo modemfarm doctor)")
    settings, snapshot = ctx.obj
    with _progress() as step:
        facts = look(Eyes(settings, snapshot, Host(), requests), step)
    found = judge(facts, checks)
    _show(found, checks, as_json)
    raise typer.Exit(exit_code(found))


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """What is being looked at, on a terminal only: it takes seconds with many modems."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("looking") as status:
        yield lambda what: status.update(f"looking at {what}")


def _show_checks(checks: tuple[Check, ...], as_json: bool) -> None:
    from .output import show_json, show_table

    rows = [(check.name, check.severity.value, check.looks_at) for check in checks]
    if as_json:
        show_json([dict(zip(("check", "severity", "looks_at"), row, strict=True)) for row in rows])
    else:
        show_table(["check", "severity", "is fine when"], rows)


def _show(found: list[Finding], checks: tuple[Check, ...], as_json: bool) -> None:
    from modemfarm.plain import as_plain

    from ..text import printable
    from .output import show_json

    if as_json:
        show_json({"findings": as_plain(found), "checked": [check.name for check in checks]})
        return
    for finding in found:
        about = f"{printable(finding.about, 100)}: " if finding.about else ""
        sys.stdout.write(
            f"{finding.severity.value.upper():<7}  {finding.check}  {about}"
            f"{printable(finding.cause, 500)}\n         do: {printable(finding.remedy, 500)}\n"
        )
    faults = sum(finding.severity.value == "fault" for finding in found)
    sys.stdout.write(
        f"{len(checks)} checks: {faults} faults, {len(found) - faults} warnings\n"
        if found
        else f"{len(checks)} checks: nothing is wrong\n"
    )
