# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables for people and JSON for programs. Strings from modems reach no terminal unescaped."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from ..text import printable

PIPE_COLUMNS = 400  # room for every column of the widest table
COLOURS = {"online": "green", "serving": "green", "error": "red", "failed": "red"}


def show_json(value: object) -> None:
    """Print `value` as JSON (ASCII, so a terminal sees no hostile character)."""
    sys.stdout.write(json.dumps(value, indent=1, default=plain) + "\n")


def plain(value: object) -> object:
    """What JSON has no type for, as text."""
    return value.isoformat() if isinstance(value, datetime | date) else str(value)


def show_table(titles: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table; None is shown as a dash."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*titles, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        # Text objects: a modem's "[red]" stays what it is.
        table.add_row(*(Text(cell(value), COLOURS.get(str(value), "")) for value in row))
    # A pipe is no terminal: nothing may be cut to eighty columns there.
    Console(width=None if sys.stdout.isatty() else PIPE_COLUMNS).print(table)


def cell(value: object) -> str:
    """One value as text for people."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return printable(value, 300)


def show_fields(row: dict[str, Any]) -> None:
    """Print one row as `name value` lines, without the empty ones."""
    width = max((len(name) for name in row), default=0)
    for name, value in row.items():
        if value is not None:
            sys.stdout.write(f"{name:<{width}}  {cell(value)}\n")
