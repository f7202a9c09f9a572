# SPDX-License-Identifier: GPL-3.0-or-later
"""`make demo`: the main job end to end, shown step by step, then an unplug and a replug."""

import sys
import time

from rich.console import Console
from rich.table import Table

from .host import farm
from .host.errors import GuestFailed
from .host.lab import Lab
from .host.progress import Progress
from .host.up import bring_up, cap_for

REFUSED_S = 1.0  # an unplugged modem's port says no in less
OFFLINE_S = 30
HEADINGS = ("serial (IMEI)", "operator", "signal", "WAN address", "port", "request", "came from")
HINTS = (
    "list            the virtual modems",
    "unplug 2        pull one out; `plug 2` puts it back",
    "fault 3 network none    `faults` lists them all",
    "ssh sudo modemfarm list    the farm's own view",
)


def run(modems: int, suite: str, *, fresh: bool) -> None:
    """Run the demo and leave the lab running; raises LabError on the first thing that fails."""
    progress = Progress()
    lab = Lab("demo", suite)
    up = bring_up(lab, modems, progress, fresh=fresh)
    with progress.step("one request through each port"):
        answers = {row["serial"]: farm.request(lab, row["proxy_port"]) for row in up.rows}
    print_table(up.rows, answers)
    check_answers(lab, up.rows, answers)
    replug(lab, up.rows[0], up.rows[1:], progress)
    progress.say(f"engine {up.engine.label}: {up.engine.reason}")
    progress.say("the lab host is left running; `make demo-stop` ends it. Try:")
    for line in (*HINTS, f"request {up.rows[0]['proxy_port']}    a LAN client's request"):
        sys.stdout.write(f"    .venv/bin/modemfarm lab {line}\n")


def print_table(rows: list[farm.Row], answers: dict[str, farm.Row]) -> None:
    """The farm as a table: identity, radio, address, port, and the proof of a request."""
    table = Table(title="the farm")
    for heading in (
        "serial (IMEI)",
        "operator",
        "signal",
        "WAN address",
        "port",
        "request",
        "came from",
    ):
        table.add_column(heading, no_wrap=True)
    for row in rows:
        answer = answers[row["serial"]]
        signal = f"{row['signal']} dBm" if row.get("signal") is not None else "-"
        told = (
            f"{answer['status']} in {answer['seconds']:.2f} s"
            if answer["status"]
            else answer["error"]
        )
        table.add_row(
            row["serial"],
            row.get("operator") or "-",
            signal,
            row.get("wan_address") or "-",
            str(row["proxy_port"]),
            told,
            (answer.get("body") or "").strip() or "-",
        )
    # A pipe has no width: the table keeps its own instead of being folded to 80 columns.
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def check_answers(lab: Lab, rows: list[farm.Row], answers: dict[str, farm.Row]) -> None:
    """Compare rows, answers and the carrier's own view; raises GuestFailed on a difference."""
    carrier = {modem["imei"]: modem["wan"]["address"] for modem in lab.control("list")["modems"]}
    for row in rows:
        answer, wan = answers[row["serial"]], carrier[row["serial"]]
        seen = (answer.get("body") or "").strip()
        if not (answer["status"] == 200 and seen == wan == row.get("wan_address")):
            raise GuestFailed(
                f"modem {row['serial']}: the carrier gave {wan},"
                f" the row says {row.get('wan_address')},"
                f" the request came from {seen or answer['error']}"
            )


def replug(lab: Lab, row: farm.Row, others: list[farm.Row], progress: Progress) -> None:
    """Unplug one modem and plug it into another port, with the neighbours watched meanwhile."""
    modems = {modem["imei"]: modem for modem in lab.control("list")["modems"]}
    modem, port = modems[row["serial"]], row["proxy_port"]
    ports = {
        str(other["proxy_port"]): modems[other["serial"]]["wan"]["address"] for other in others
    }
    if ports:
        lab.control("watch-start", ports=ports, interval=1.0)
    start = time.monotonic()
    lab.control("unplug", modem=modem["number"])
    answer = farm.request(lab, port)
    progress.say(
        f"unplugged {row['serial']}: a request through {port} failed in {answer['seconds']:.2f} s"
        f" ({answer['error'] or answer['status']})"
    )
    if answer["status"] == 200 or answer["seconds"] > REFUSED_S:
        raise GuestFailed(f"port {port} of an unplugged modem: {answer}")
    farm.wait_for(
        lambda: [
            r for r in farm.rows(lab) if r["serial"] == row["serial"] and r["status"] == "offline"
        ],
        OFFLINE_S,
        f"{row['serial']} shown as offline",
        lambda: farm.explain(lab),
    )
    progress.say(f"shown as offline {time.monotonic() - start:.1f} s after the unplug")
    start = time.monotonic()
    lab.control("plug", modem=modem["number"], port=free_port(modems))
    farm.wait_port_answers(lab, port, modem["wan"]["address"], cap_for(1))
    progress.say(
        f"replugged into another USB port: {port} answers from {modem['wan']['address']} again"
        f" {time.monotonic() - start:.1f} s after the plug, no hand touched it"
    )
    found = farm.serving(lab, {row["serial"]})
    same, _ = farm.wait_for(found, cap_for(1), "state serving", lambda: farm.explain(lab))
    if (same[0]["slot"], same[0]["proxy_port"]) != (row["slot"], port):
        raise GuestFailed(f"slot or port changed by the replug: {row} became {same[0]}")
    if ports:
        tell_neighbours(lab, progress)


def free_port(modems: dict[str, farm.Row]) -> int:
    """A USB port of the virtual hub that no modem is plugged into."""
    used = {modem["port"] for modem in modems.values()}
    return next(port for port in range(8) if port not in used)


def tell_neighbours(lab: Lab, progress: Progress) -> None:
    """Say how the other modems' ports did; raises GuestFailed on any failed request."""
    report = lab.control("watch-stop")["report"]
    progress.say(
        f"meanwhile {report['ok_count']} requests through the other {len(report['ports'])} ports:"
        f" {report['failed_count']} failed, {report['wrong_count']} by a wrong modem"
    )
    if report["failed_count"] or report["wrong_count"]:
        raise GuestFailed(f"neighbours were disturbed: {report}")
