# SPDX-License-Identifier: GPL-3.0-or-later
"""A drawing of the packet guard's chains, read from the template that hosts get."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .svg import SOFT, Drawing, room

TEMPLATE = Path("roles/routing/templates/etc/modemfarm/guard.nft.j2")
_CHAIN = re.compile(r"^    chain (\w+) \{\n(.*?)^    \}", re.MULTILINE | re.DOTALL)
_HOOK = re.compile(r"type (\w+) hook (\w+) priority (\w+); policy (\w+);")
_GOES = re.compile(r"\b(?:goto|jump) (\w+)")
_ENDS = re.compile(r"\b(accept|drop|reject)\b(?!;)")
LINE, PAD, GAP = 18, 12, 120


@dataclass(frozen=True)
class Chain:
    """A chain: its hook ("" for one that others go to), where it goes, how it may end."""

    name: str
    hook: str
    goes: tuple[str, ...]
    ends: tuple[str, ...]

    @property
    def said(self) -> tuple[str, ...]:
        """The lines of its box."""
        lines = [self.name]
        if self.hook:
            lines.append(self.hook)
        return (*lines, "may " + ", ".join(self.ends)) if self.ends else tuple(lines)


def read(root: Path) -> tuple[Chain, ...]:
    """All chains with rules in them, in the order of the file."""
    text = (root / TEMPLATE).read_text(encoding="utf-8")
    found = []
    for name, body in _CHAIN.findall(text):
        hook = _HOOK.search(body)
        rules = "\n".join(
            line for line in body.splitlines() if not line.lstrip().startswith(("#", "type "))
        )
        said = f"hook {hook[2]}, priority {hook[3]}" if hook else ""
        ends = tuple(dict.fromkeys(_ENDS.findall(rules)))
        found.append(Chain(name, said, tuple(dict.fromkeys(_GOES.findall(rules))), ends))
    return tuple(found)


def draw(root: Path) -> Drawing:
    """Left: chains that the kernel calls; right: those that they go to."""
    chains = read(root)
    left = [chain for chain in chains if chain.hook]
    right = [chain for chain in chains if not chain.hook]
    sizes = [max(room(line) for c in side for line in c.said) + 2 * PAD for side in (left, right)]
    second = PAD + sizes[0] + GAP
    spots, height = {}, 0.0
    for x, size, side in ((PAD, sizes[0], left), (second, sizes[1], right)):
        y = float(PAD)
        for chain in side:
            tall = LINE * len(chain.said) + PAD
            spots[chain.name] = (x, y, size, tall)
            y += tall + PAD
        height = max(height, y)
    found = Drawing(
        round(second + sizes[1] + PAD), round(height), "Chains of table modemfarm_guard"
    )
    for chain in chains:
        x, y, size, tall = spots[chain.name]
        for goal in chain.goes:
            to_x, to_y, _, to_tall = spots[goal]
            found.arrow((x + size, y + tall / 2), (to_x, to_y + to_tall / 2))
    for chain in chains:
        x, y, size, tall = spots[chain.name]
        found.box(x, y, size, tall, "#eef2f7" if chain.hook else "#dcefe4")
        for number, line in enumerate(chain.said):
            found.text(x + PAD, y + LINE * (number + 1), line, colour=SOFT if number else "#1f2933")
    return found
