# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything in docs/ that is made from the code: drawings, and sections between two marks.

A section stands between `<!-- made: NAME -->` and `<!-- end -->` in one page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from modemfarm.at.permit import Role

from . import farm_rules, packet_guard, tables, unit_order

SECTIONS: dict[str, Callable[[], str]] = {
    "at-viewer": lambda: tables.at_allowed(Role.VIEWER),
    "at-operator": lambda: tables.at_allowed(Role.OPERATOR),
    "at-admin": lambda: tables.at_allowed(Role.ADMIN),
    "at-never": tables.at_never,
    "at-made": tables.at_made,
    "qmi-queries": tables.qmi_queries,
    "slots": tables.slots,
    "waits": farm_rules.caps,
    "budgets": farm_rules.budgets,
    "verbs": tables.verbs,
    "threeproxy-default": tables.threeproxy_config,
    "threeproxy-limited": lambda: tables.threeproxy_config(
        clients=["192.168.1.32/27"],
        protocols=["http", "connect"],
        down_kbits=8000,
        up_kbits=2000,
        denied_ports=[25, 465, 587, "6881-6999"],
        max_connections=100,
        log_hosts=False,
    ),
}
_MARKED = re.compile(r"(<!-- made: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def drawings(root: Path) -> dict[str, str]:
    """SVG texts by file name below docs/diagrams."""
    return {
        "states.svg": str(farm_rules.states()),
        "repairs.svg": str(farm_rules.repairs()),
        "units.svg": str(unit_order.draw(root)),
        "guard.svg": str(packet_guard.draw(root)),
    }


def filled(text: str) -> str:
    """The page with its sections made anew. KeyError for a name that is in no table here."""
    return _MARKED.sub(lambda found: f"{found[1]}\n{SECTIONS[found[2]]()}\n\n{found[3]}", text)


def names_in(text: str) -> list[str]:
    """Names of the sections of a page."""
    return [found[2] for found in _MARKED.finditer(text)]


def wanted(root: Path) -> Iterator[tuple[Path, str]]:
    """Each file that is made, wholly or in part, and what it should hold."""
    folder = root / "docs"
    for name, text in drawings(root).items():
        yield folder / "diagrams" / name, text
    for path in sorted(folder.rglob("*.md")):
        before = path.read_text(encoding="utf-8")
        if names_in(before):
            yield path, filled(before)
