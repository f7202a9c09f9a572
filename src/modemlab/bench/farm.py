# SPDX-License-Identifier: GPL-3.0-or-later
"""Farms at native speed: an apply beside other ways, how it grows, and the agent at rest.

Each farm lives in namespaces of its own (see `world`). Figures of one row were taken in turns in
one run, so a loaded machine changes them all.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from ..host.errors import LabError
from . import postgres
from .rows import Row

ROUNDS = 3
SIZES = (1, 8, 30)
GROWTH = (1, 8, 30, 120, 240)
MOST_OF_A_HOST = 120  # slots
FARM = 30
AT_MOST = 2.0  # goal: times an empty play
CAP_S = 1800
REST_S = 120  # two turns of everything that the agent does each minute
MEMORY_MIB, PERCENT = 120.0, 3.0

Times = dict[str, list[float]]


def apply_rows() -> list[Row]:
    """Requests to modemfarm-apply against an empty play, and against other ways for 30 modems."""
    rows = [row for count in SIZES for row in _requests(count)]
    return [*rows, *_peers()]


def growth_rows() -> list[Row]:
    """From one modem to twice what a host may have: whole requests, and modem_apply alone."""
    rows: list[Row] = []
    one: dict[str, float] = {}
    for count in GROWTH:
        times = _measure("batches", count)
        found = {name: _median(times, name) for name in ("unchanged", "all", *_PROCESSOR)}
        one = one or found
        for name, case in _GROWTH_CASES.items():
            peers = {} if count == 1 else {"1 modem": one[name]}
            rows.append(Row("growth", case, count, "s", found[name], peers))
    times = _measure("requests", MOST_OF_A_HOST)
    return [*rows, _request_row(times, "unchanged", MOST_OF_A_HOST, goal=False)]


def agent_rows() -> list[Row]:
    """Memory and processor time of the real agent with 30 modems at rest."""
    with postgres.running() as server:
        times = _measure("agent", FARM, REST_S, server.dsn)
    figure = {name: round(statistics.median(values), 2) for name, values in times.items()}
    seconds = f"{REST_S} s at rest"
    return [
        Row("agent", "start until all are shown serving", FARM, "s", figure["ready"]),
        Row("agent", "APN changed in the registry until applied (window 2 s)", FARM,
            "s", figure["applied"]),
        Row("agent", "memory (RSS)", FARM, "MiB", figure["Rss"], {}, MEMORY_MIB),
        Row("agent", "memory (PSS)", FARM, "MiB", figure["Pss"], {}, MEMORY_MIB),
        Row("agent", f"processor, {seconds}", FARM, "% of a core", figure["percent"], {}, PERCENT),
        Row("agent", "threads", FARM, "threads", figure["threads"]),
    ]  # fmt: skip


_PROCESSOR = ("unchanged, processor", "all, processor")
_GROWTH_CASES = {
    "unchanged": "modem_apply alone, unchanged",
    "unchanged, processor": "modem_apply alone, unchanged, processor time",
    "all": "modem_apply alone, proxy and bearer (0.5 s) of all changed",
    "all, processor": "modem_apply alone, all changed, processor time",
}
_REQUEST_CASES = {
    "new": "request, new modems",
    "unchanged": "request, unchanged",
    "configuration": "request, proxy of each changed",
    "all": "request, proxy and bearer (0.5 s) of each changed",
}


def _requests(count: int) -> list[Row]:
    times = _measure("requests", count)
    return [_request_row(times, name, count, goal=name != "new") for name in _REQUEST_CASES]


def _request_row(times: Times, name: str, count: int, *, goal: bool) -> Row:
    empty = _median(times, "empty")
    limit = round(AT_MOST * empty, 3) if goal else None
    case = _REQUEST_CASES[name]
    return Row("apply", case, count, "s", _median(times, name), {"empty play": empty}, limit)


def _peers() -> list[Row]:
    """The same 30 modems by other ways. One run of what takes minutes."""
    times = _measure("peers", FARM)
    ours = _median(times, "ours")
    each = times["one playbook each"]
    others = {
        "modem.yml by ansible-playbook": _median(times, "cold"),
        "twelve tasks a modem, 1 run": _median(times, "twelve tasks"),
        f"one ansible-playbook a modem, {len(each)} run": round(sum(each), 3),
    }
    for name in ("mitogen, twelve tasks", "mitogen, modem.yml"):
        if name in times:
            others[name] = _median(times, name)
    return [Row("apply", "request, unchanged, and other ways", FARM, "s", ours, others)]


def _median(times: Times, name: str) -> float:
    return round(statistics.median(times[name]), 3)


def _measure(what: str, count: int, rounds: int = ROUNDS, *more: str) -> Times:
    """Run `world.measure` in namespaces. LabError where they cannot be had, or it fails."""
    if os.geteuid() != 0:
        raise LabError("farms at native speed need root (namespaces)")
    with tempfile.TemporaryDirectory(prefix="mf-bench-") as folder:
        done = subprocess.run(
            ["unshare", "--mount", "--net", sys.executable, "-m", "modemlab.bench.world.measure",
             what, folder, str(count), str(rounds), *more],
            env={**os.environ, "PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin",
                 "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True, text=True, timeout=CAP_S, check=False,
        )  # fmt: skip
    if done.returncode != 0:
        raise LabError(f"{what} with {count} modems: {done.stderr[-1500:]}")
    found: Times = json.loads(done.stdout)
    return found
