# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm list`, the verb that is typed most: what it takes, without Typer.

Typer 0.29 brings pydantic along: with it the verb takes 210 ms of CPU for 30 modems, without 120.
`quick` reads what nearly everybody types; anything else goes the long way, to the same `show`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modemfarm.settings import DEFAULT_PATH, FarmSettings
from modemfarm.snapshot import DEFAULT_PATH as SNAPSHOT

_COLUMNS = {
    "slot": "slot", "serial": "serial", "status": "status", "state": "state",
    "operator": "operator", "signal": "dBm", "wan_address": "WAN address", "proxy_port": "port",
    "interface": "interface", "usb_path": "USB", "quota": "quota", "hold": "held until",
    "reason": "reason",
}  # fmt: skip


def quick(arguments: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Do `list` and `list --json`; False, and nothing is done, for all other words."""
    if list(arguments) not in (["list"], ["list", "--json"]):
        return False
    settings = environ.get("MODEMFARM_SETTINGS") or DEFAULT_PATH
    snapshot = environ.get("MODEMFARM_SNAPSHOT") or SNAPSHOT
    show(Path(settings), Path(snapshot), "--json" in arguments)
    return True


def show(settings: Path, snapshot: Path, as_json: bool) -> None:
    """Print all modems of this host."""
    from .output import show_json, show_table
    from .source import modem_rows

    rows = modem_rows(FarmSettings.load(settings), snapshot)
    if as_json:
        show_json(rows)
        return
    table = [[_shown(name, row[name]) for name in _COLUMNS] for row in rows]
    show_table(list(_COLUMNS.values()), table)


def _shown(name: str, value: Any) -> Any:
    return value["until"] if name == "hold" and value else value
