# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make bench` measures, as rows: printed as a table and written to build/bench.json."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One figure. `peers` were measured in the same run; `goal` is in `unit` and may be absent.

    Less is better, unless `more` says that more is.
    """

    area: str
    case: str
    n: int
    unit: str
    ours: float
    peers: dict[str, float] = field(default_factory=dict)
    goal: float | None = None
    more: bool = False

    @property
    def ratio(self) -> float | None:
        """Ours divided by the best peer."""
        best = (max if self.more else min)(self.peers.values(), default=0.0)
        return round(self.ours / best, 3) if best else None

    @property
    def met(self) -> bool | None:
        """Whether the goal was met; None without a goal."""
        if self.goal is None:
            return None
        return self.ours >= self.goal if self.more else self.ours <= self.goal

    def as_dict(self) -> dict[str, object]:
        """The row as bench.json has it."""
        fields = asdict(self)
        del fields["more"]
        return {**fields, "ratio": self.ratio, "met": self.met}


def write(rows: list[Row], path: Path) -> None:
    """Write bench.json."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([row.as_dict() for row in rows], indent=1) + "\n")


def show(rows: list[Row]) -> None:
    """Print the rows."""
    table = Table(title="bench")
    for heading in ("area", "case", "n", "ours", "peers", "ratio", "goal", "met"):
        table.add_column(heading)
    for row in rows:
        peers = ", ".join(f"{name} {value:.2f}" for name, value in row.peers.items())
        goal = "-" if row.goal is None else f"{row.goal:g} {row.unit}"
        met = {None: "-", True: "yes", False: "no"}[row.met]
        ratio = "-" if row.ratio is None else f"{row.ratio:.2f}"
        ours = f"{row.ours:.2f} {row.unit}"
        table.add_row(row.area, row.case, str(row.n), ours, peers or "-", ratio, goal, met)
    Console(width=140).print(table)
