# SPDX-License-Identifier: GPL-3.0-or-later
"""A grid with names at its rows and columns, such as which state may follow which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .svg import INK, SOFT, Drawing, room

CELL = 26
PAD = 12


def draw(
    title: str,
    rows: Sequence[str],
    columns: Sequence[str],
    marks: Mapping[tuple[str, str], str],
    remarks: Mapping[str, str] | None = None,
    corner: tuple[str, str] = ("", ""),
) -> Drawing:
    """marks: by (row, column) a short text, or "" for a dot. remarks: words behind a row.

    corner: what the rows are, and what the columns are.
    """
    said = remarks or {}
    left = PAD + max(room(name) for name in (*rows, corner[0])) + PAD
    top = PAD + max(room(name) for name in (*columns, corner[1])) + 8
    tail = max((room(words) + 2 * PAD for words in said.values()), default=0)
    found = Drawing(
        round(left + CELL * len(columns) + PAD + tail), round(top + CELL * len(rows) + PAD), title
    )
    found.text(PAD, top - 8, corner[0], colour=SOFT)
    for place, name in enumerate(columns):
        found.text(left + CELL * place + CELL / 2 + 4, top - 6, name, turn=-90)
    for line, row in enumerate(rows):
        y = top + CELL * line
        found.text(left - 8, y + CELL / 2 + 4, row, "end")
        for place, column in enumerate(columns):
            _cell(found, left + CELL * place, y, marks.get((row, column)))
        if row in said:
            found.text(left + CELL * len(columns) + PAD, y + CELL / 2 + 4, said[row], colour=SOFT)
    return found


def _cell(found: Drawing, x: float, y: float, mark: str | None) -> None:
    found.box(x, y, CELL, CELL, "#ffffff" if mark is None else "#dcefe4")
    if mark == "":
        found.dot(x + CELL / 2, y + CELL / 2)
    elif mark:
        found.text(x + CELL / 2, y + CELL / 2 + 4, mark, "middle", INK)
