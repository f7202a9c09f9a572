# SPDX-License-Identifier: GPL-3.0-or-later
"""A plain table of texts, with chips for words that are states."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from nicegui import ui

from ...text import printable

LONGEST = 2000
_CHIPS = """<q-td :props="props"><span v-if="props.value" class="chip" :class="'s-' + props.value"
>{{ props.value }}</span></q-td>"""
_MONO = '<q-td :props="props"><pre>{{ props.value }}</pre></q-td>'


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    empty: str,
    *,
    chips: Sequence[str] = (),
    mono: Sequence[str] = (),
) -> ui.table:
    """Rows in the order of the columns. Every value becomes printable text."""
    shown = [
        {"id": n} | {name: text(value) for name, value in zip(columns, row, strict=True)}
        for n, row in enumerate(rows)
    ]
    found = ui.table(
        columns=[{"name": c, "label": c, "field": c, "align": "left"} for c in columns],
        rows=shown,
        row_key="id",
        pagination=20 if len(shown) > 20 else 0,
    )
    found.classes("w-full data").props(f'flat bordered dense no-data-label="{empty}"')
    if len(shown) <= 20:
        found.props("hide-pagination")
    for name in chips:
        found.add_slot(f"body-cell-{name}", _CHIPS)
    for name in mono:
        found.add_slot(f"body-cell-{name}", _MONO)
    return found


def text(value: object) -> str:
    """For people: times in UTC, documents as JSON, nothing invisible."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, dict | list):
        return (
            printable(json.dumps(value, default=str, ensure_ascii=False), LONGEST) if value else ""
        )
    return "\n".join(printable(line, LONGEST) for line in str(value).splitlines())


def moment(value: datetime | str | None) -> str:
    """2026-01-31 18:00:00 UTC; REST gives times as text."""
    if value is None:
        return ""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return f"{found.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def facts(pairs: Sequence[tuple[str, Any]]) -> None:
    """Names and values; what is not known is not shown."""
    with ui.element("dl").classes("facts"):
        for name, value in pairs:
            if value not in (None, ""):
                with ui.element("dt"):
                    ui.label(name)
                with ui.element("dd"):
                    ui.label(text(value))


def heading(words: str) -> None:
    """Of a panel."""
    ui.label(words).props("role=heading aria-level=2").style("font-size:15px;font-weight:600")
