# SPDX-License-Identifier: GPL-3.0-or-later
"""A drawing of which systemd unit starts after which, read from the roles' templates."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from .svg import Drawing, room

FOLDER = "templates/etc/systemd/system"
# Ends of every unit's life, and moments of the boot that say nothing of the farm.
UNSAID = {"shutdown.target", "network.target", "local-fs.target"}
_SECTION = re.compile(r"^\[(\w+)\]$")
ROW, GAP, BOX, PAD = 38, 90, 24, 14


def draw(root: Path) -> Drawing:
    """Arrows go from what starts first to what starts after it; dashed: it needs the first one."""
    edges, needs = _edges(root)
    names = sorted({name for edge in edges for name in edge})
    layers = _layers(names, edges)
    columns: dict[int, list[str]] = defaultdict(list)
    for name in names:
        columns[layers[name]].append(name)
    ways = {}
    for first, later in sorted(edges):
        ways[first, later] = passed = range(layers[first] + 1, layers[later])
        for number in passed:  # room below the boxes that the arrow would run through
            columns[number].append(_bend(first, later))
    spots, width = _spots(columns)
    height = PAD * 2 + max(len(column) for column in columns.values()) * ROW
    found = Drawing(round(width), height, "Which unit of a modem host starts after which")
    for (first, later), passed in ways.items():
        dashed = (first, later) not in needs
        x, y, size = spots[layers[first], first]
        at = (x + size, y + BOX / 2)
        for number in passed:
            x, y, size = spots[number, _bend(first, later)]
            found.arrow(at, (x, y + BOX / 2), dashed, tip=False)
            found.arrow((x, y + BOX / 2), (x + size, y + BOX / 2), dashed, tip=False)
            at = (x + size, y + BOX / 2)
        x, y, _ = spots[layers[later], later]
        found.arrow(at, (x, y + BOX / 2), dashed)
    for name in names:
        x, y, size = spots[layers[name], name]
        ours = name.startswith(("modemfarm", "3proxy", "v2ray"))
        found.box(x, y, size, BOX, "#dcefe4" if ours else "#eef2f7")
        found.text(x + size / 2, y + BOX / 2 + 4, name, "middle")
    return found


def _bend(first: str, later: str) -> str:
    return f"{first}>{later}"


def _edges(root: Path) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """(first, later) by After and Before; and those where the later one requires the first."""
    edges, needs = set(), set()
    for path in sorted(root.glob(f"roles/*/{FOLDER}/**/*.j2")):
        unit = _unit_of(path)
        words = _words(path.read_text(encoding="utf-8"))
        for other in words["After"]:
            edges.add((other, unit))
        for other in words["Before"]:
            edges.add((unit, other))
        for other in (*words["Requires"], *words["BindsTo"]):
            edges.add((other, unit))
            needs.add((other, unit))
    both = {edge for edge in edges if (edge[1], edge[0]) in edges}  # two that exclude each other
    kept = {edge for edge in edges - both if not UNSAID & set(edge)}
    return kept, needs & kept


def _unit_of(path: Path) -> str:
    name = path.name.removesuffix(".j2")
    return path.parent.name.removesuffix(".d") if name.endswith(".conf") else name


def _words(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    section = ""
    for line in text.splitlines():
        head = _SECTION.match(line.strip())
        if head:
            section = head.group(1)
        name, sign, value = line.partition("=")
        if section == "Unit" and sign:
            found[name] += value.replace("%i", "").split()
    return found


def _layers(names: list[str], edges: set[tuple[str, str]]) -> dict[str, int]:
    layers = dict.fromkeys(names, 0)
    for _ in names:
        for first, later in edges:
            layers[later] = max(layers[later], layers[first] + 1)
    return layers


def _spots(
    columns: dict[int, list[str]],
) -> tuple[dict[tuple[int, str], tuple[float, float, float]], float]:
    """By column and name x, y and width; and the width of all."""
    spots, x = {}, float(PAD)
    for number in sorted(columns):
        size = max(room(name) for name in columns[number] if ">" not in name) + 2 * PAD
        for line, name in enumerate(columns[number]):
            spots[number, name] = (x, float(PAD + ROW * line), size)
        x += size + GAP
    return spots, x - GAP + PAD
