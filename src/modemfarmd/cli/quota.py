# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm quota`: what modems have moved, and forgiving it. The agent counts; no database.

The limits are values of the policy: `modemfarm policy SERIAL --set hard_day_mb=5000`.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from modemfarm.caller import actor_here
from modemfarm.identity import check_serial
from modemfarm.proxy.quota import MB

from .hold import KIND, Json, Serial, Socket, ask_agent

PERIODS = ("day", "month")
quota = typer.Typer(help="Volume of modems by day and month.", no_args_is_help=True)


@quota.command("show")
def show(
    serial: Annotated[str | None, typer.Argument(help="IMEI of a modem; all without one.")] = None,
    as_json: Json = False,
    socket: Socket = None,
) -> None:
    """What counts against the limits of the day and of the month, and what is used up."""
    document: dict[str, Any] = {"verb": "quota"}
    if serial is not None:
        document["serial"] = check_serial(serial)
    _show(ask_agent(document, socket)["modems"], as_json)


@quota.command("reset")
def reset(
    serial: Serial,
    day: Annotated[bool, typer.Option("--day", help="Only that of the day.")] = False,
    month: Annotated[bool, typer.Option("--month", help="Only that of the month.")] = False,
    as_json: Json = False,
    socket: Socket = None,
) -> None:
    """Have what was moved up to now not count any more: of the day and of the month."""
    check_serial(serial)
    wanted = [name for name, said in zip(PERIODS, (day, month), strict=True) if said]
    document = {
        "verb": "quota-reset", "serial": serial, "periods": wanted or list(PERIODS),
        "by": actor_here(KIND),
    }  # fmt: skip
    row = ask_agent(document, socket)["modem"]
    if row["quota"] == "hard":
        sys.stderr.write(f"its port stays closed: {', '.join(row['over'])} is used up still\n")
    _show([row], as_json)


def _show(rows: list[dict[str, Any]], as_json: bool) -> None:
    from .output import show_json, show_table

    if as_json:
        show_json(rows)
        return
    titles = ["slot", "serial", "port", "quota", "day", "day MB", "limits", "month MB", "limits"]
    show_table(titles, [_cells(row) for row in rows])


def _cells(row: dict[str, Any]) -> list[Any]:
    cells = [row["slot"], row["serial"], row["proxy_port"], row["quota"], row["day"]]
    for period in PERIODS:
        limits = [row["limits"][f"{kind}_{period}_mb"] or "-" for kind in ("soft", "hard")]
        cells += [f"{row['used'][period] / MB:.1f}", "{} / {}".format(*limits)]
    return cells
