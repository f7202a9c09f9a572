# SPDX-License-Identifier: GPL-3.0-or-later
"""The invariants' reader in the lab host (folder `inside`), started and read from here."""

import json
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any, Self

from modemlab.host.lab import Lab

from .program import PLACE, Program

HERE = Path(__file__).parent / "inside"
FIRST_LOOK_S = 120  # Python's start and the first look on a busy emulated host
Look = dict[str, Any]


def install(lab: Lab) -> None:
    """Copy the programs into the lab host."""
    lab.guest.push({f"inside/{file.name}": file for file in HERE.glob("*.py")}, PLACE)


class Invariants(Program):
    """While entered, the lab host looks once a second and writes down what is broken."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab, "inside")

    def __enter__(self) -> Self:
        super().__enter__()
        deadline = time.monotonic() + FIRST_LOOK_S
        while not self.looks():
            if time.monotonic() > deadline or not self.running:
                self.stop()
                raise AssertionError(f"the reader of invariants says nothing: {self.text()}")
            time.sleep(0.1)
        return self

    def looks(self) -> list[Look]:
        """All looks so far."""
        lines = self.text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("\n")]

    def clean_look(self, cap_s: float) -> float | None:
        """Wait for a look, begun after now, that finds nothing broken; seconds or None."""
        started = time.monotonic()
        count = len(self.looks())
        while time.monotonic() - started < cap_s:
            fresh = self.looks()[count + 1 :]  # the one under way began before
            if any(not look["broken"] for look in fresh):
                return time.monotonic() - started
            time.sleep(0.2)
        return None


def findings(looks: list[Look], allowed: Collection[str] = ()) -> list[str]:
    """What was broken, each once, with how often; the checks in `allowed` are left out."""
    counts: dict[tuple[str, str], int] = {}
    for look in looks:
        for check, words in look["broken"]:
            if check not in allowed:
                counts[check, words] = counts.get((check, words), 0) + 1
    return [f"{check} ({count} looks): {words}" for (check, words), count in counts.items()]
