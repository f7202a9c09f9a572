# SPDX-License-Identifier: GPL-3.0-or-later
"""What this host's agent tells of itself in a file, and how old that is."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..agent.gauges import FILE

CAP_S = 60.0  # it is written every 10 s
MOST = 100_000  # bytes


@dataclass(frozen=True)
class Gauges:
    """`numbers` None: there are none that count, and `problem` says why."""

    numbers: dict[str, Any] | None
    problem: str
    age_s: float


def read_gauges(folder: Path) -> Gauges:
    """Never fails: what cannot be read is a problem to show."""
    path = folder / FILE
    try:
        with path.open(encoding="ascii") as stream:
            found = json.loads(stream.read(MOST))
        age = time.time() - float(found["written_at"])
    except OSError as error:
        return Gauges(None, f"The agent's numbers cannot be read: {error.strerror}.", 0.0)
    except (ValueError, KeyError, TypeError):
        return Gauges(None, "The agent's numbers cannot be understood.", 0.0)
    if age > CAP_S:
        return Gauges(None, f"The agent has written no numbers for {age:.0f} s.", age)
    return Gauges(found, "", max(0.0, age))
