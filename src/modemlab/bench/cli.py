# SPDX-License-Identifier: GPL-3.0-or-later
"""How long `modemfarm list` takes from its start to its end, with 30 modems and no database.

CPU beside the clock: other programs of the machine change the clock's word, hardly that of CPU.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from modemfarm.snapshot import ModemRecord, Snapshot, write_snapshot

from .rows import Row

RUNS = 15
MODEMS = 30
GOAL_MS = 150.0
SETTINGS = {
    "version": 1, "host": "bench", "engine": "threeproxy", "lan_address": "192.168.1.100",
    "lan_interface": "lan0", "clients": ["192.168.1.0/24"], "nameservers": ["203.0.113.53"],
    "apn": "internet", "probe_url": "http://ip.lab.test/",
}  # fmt: skip


def rows() -> list[Row]:
    """The verb as it is typed; the peer is the same through Typer. In turn, medians."""
    with tempfile.TemporaryDirectory(prefix="modemfarm-") as name:
        folder = Path(name)
        document = SETTINGS | {"database": f"host={folder} dbname=none"}
        (folder / "farm.json").write_text(json.dumps(document))
        records = (ModemRecord(f"8675840300{n:05d}", n, f"1-{n}") for n in range(1, MODEMS + 1))
        write_snapshot(Snapshot("bench", tuple(records)), folder / "modems.json")
        typed = ("list",)
        by_typer = ("--snapshot", str(folder / "modems.json"), "list")
        _run(folder, typed)  # what is compiled once is not counted
        pairs = [(_run(folder, typed), _run(folder, by_typer)) for _ in range(RUNS)]
    found = []
    for number, kind in enumerate(("clock", "CPU")):
        ours, peer = (
            statistics.median(run[number] for run in runs) for runs in zip(*pairs, strict=True)
        )
        case = f"modemfarm list, {MODEMS} modems, {kind}"
        found.append(Row("CLI", case, RUNS, "ms", round(ours, 1), {"by Typer": peer}, GOAL_MS))
    return found


def _run(folder: Path, words: tuple[str, ...]) -> tuple[float, float]:
    """(milliseconds by the clock, of CPU)."""
    environment = os.environ | {
        "MODEMFARM_SETTINGS": str(folder / "farm.json"),
        "MODEMFARM_SNAPSHOT": str(folder / "modems.json"),
    }
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "modemfarmd.cli.main", *words],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    clock, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return clock * 1000, spent * 1000
