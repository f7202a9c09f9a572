# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy units: state of all of them by one `systemctl show`."""

from collections.abc import Iterable
from dataclasses import dataclass

_PROPERTIES = "Id,LoadState,ActiveState,SubState,UnitFileState,StateChangeTimestamp"
# A template's instance is enabled by a link; reloading all units for that costs a second.
ENABLE = ("systemctl", "enable", "--quiet", "--no-reload")
START = ("systemctl", "start")
RELOAD = ("systemctl", "reload")
RESTART = ("systemctl", "restart")
RESET = ("systemctl", "reset-failed")
# A start runs the configuration check first; thirty of them queue up on two cores.
UNIT_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class UnitState:
    """One unit; changed_at is the time (Unix seconds) of its last change of state, 0 for never."""

    name: str
    loaded: bool
    active: bool
    failed: bool
    enabled: bool
    sub_state: str = ""
    changed_at: int = 0


def show_command(units: Iterable[str]) -> tuple[str, ...]:
    """The command whose output `parse_units` reads."""
    return ("systemctl", "show", "--timestamp=unix", f"--property={_PROPERTIES}", *units)


def parse_units(text: str) -> dict[str, UnitState]:
    """Blocks of KEY=VALUE lines, one block a unit."""
    states = (_unit(block) for block in text.split("\n\n") if block.strip())
    return {state.name: state for state in states}


def _unit(block: str) -> UnitState:
    values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
    active = values.get("ActiveState", "")
    stamp = values.get("StateChangeTimestamp", "").removeprefix("@")
    return UnitState(
        name=values.get("Id", ""),
        loaded=values.get("LoadState") == "loaded",
        active=active in ("active", "reloading"),
        failed=active == "failed",
        enabled=values.get("UnitFileState", "").startswith("enabled"),
        sub_state=values.get("SubState", ""),
        changed_at=int(stamp) if stamp.isdecimal() else 0,
    )
