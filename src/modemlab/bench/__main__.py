# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench`: parts on this machine, farms in namespaces, the main job in a lab host of its own.

`python -m modemlab.bench --only AREA` (or `BENCH=AREA make bench`) measures some areas only.
"""

import argparse
import os
import sys
from collections.abc import Callable

from ..host import engine as engines
from ..host import farm
from ..host.errors import LabError
from ..host.lab import Lab
from ..host.progress import Progress
from ..host.up import cap_for
from . import at_engine, cli, facts, log, memory, mmcli, registry, timeline
from . import farm as farm_areas
from .proxy import area as proxy
from .rows import Row, show, write

# Goals of the project for a lab host without KVM, in seconds.
GOALS = {1: 10.0, 8: 40.0, 30: 120.0}
BATCHES = tuple(
    int(word) for word in os.environ.get("BENCH_BATCHES", "1,8,30").split(",") if word.strip()
)


def main() -> int:
    """Measure, print, write build/bench.json."""
    areas = _areas(sys.argv[1:])
    lab = Lab("bench")
    progress = Progress()
    rows: list[Row] = []
    failed = False
    try:
        for area in areas:
            try:
                rows += lab_rows(lab, progress) if area == "lab" else AREAS[area](progress)
            except LabError as error:
                sys.stderr.write(f"bench: {area}: {error}\n")
                failed = True
    finally:
        if "lab" in areas:
            lab.stop()
        if rows:
            show(rows)
            write(rows, lab.project / "build" / "bench.json")
    return int(failed)


def _areas(argv: list[str]) -> list[str]:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    allowed = [*AREAS, "lab"]
    parser.add_argument("--only", action="append", choices=allowed, metavar="AREA",
                        help=f"one of {', '.join(allowed)}; may be given again")  # fmt: skip
    wanted = os.environ.get("BENCH", "").split()
    if unknown := sorted(set(wanted) - set(allowed)):
        parser.error(f"BENCH names {', '.join(unknown)}; allowed: {', '.join(allowed)}")
    only: list[str] = parser.parse_args(argv).only or wanted
    return only or allowed


def lab_rows(lab: Lab, progress: Progress) -> list[Row]:
    """What is measured in a lab host."""
    rows = host_rows(lab, progress)
    for count in BATCHES:
        rows += plug_rows(lab, count, progress)
    rows += memory_rows(lab)
    with progress.step("one AT command by us and by ModemManager"):
        rows += mmcli.rows(lab)
    return rows


def engine_rows(progress: Progress) -> list[Row]:
    """What needs no lab host."""
    rows: list[Row] = []
    for name, measure in (("AT engine", at_engine.rows), ("log", log.rows), ("facts", facts.rows)):
        with progress.step(f"measuring: {name}"):
            rows += measure()
    return rows


def _measured(name: str, measure: Callable[[], list[Row]]) -> Callable[[Progress], list[Row]]:
    def run(progress: Progress) -> list[Row]:
        with progress.step(f"measuring: {name}"):
            return measure()

    return run


AREAS: dict[str, Callable[[Progress], list[Row]]] = {
    "engine": engine_rows,
    "apply": _measured("an apply and other ways to it", farm_areas.apply_rows),
    "growth": _measured("growth with the number of modems", farm_areas.growth_rows),
    "proxy": proxy.rows,
    "registry": _measured("one database for many hosts", registry.rows),
    "agent": _measured("the agent at rest", farm_areas.agent_rows),
    "cli": _measured("the start of modemfarm", cli.rows),
}


def host_rows(lab: Lab, progress: Progress) -> list[Row]:
    """Boot and site.yml, first and second run."""
    engine = engines.choose(lab.project, lab.base / "cache")
    image = lab.image(progress)
    start = progress.elapsed
    lab.boot(image, engine, progress)
    booted = progress.elapsed - start
    lab.install_modems()
    times = []
    for _ in range(2):
        start = progress.elapsed
        recap = lab.site(progress, quiet=True)
        times.append(progress.elapsed - start)
        progress.say(f"site.yml: changed={recap.changed} in {times[-1]:.1f} s")
    return [
        Row("lab host", "boot to the first SSH answer", 1, "s", round(booted, 1)),
        Row("site.yml", f"first run, engine {engine.name}", 1, "s", round(times[0], 1)),
        Row("site.yml", "second run (changes nothing)", 1, "s", round(times[1], 1)),
    ]


def plug_rows(lab: Lab, count: int, progress: Progress) -> list[Row]:
    """`count` modems plugged at once, then out again; missing ones are made."""
    known = len(lab.control("list")["modems"])
    if count > known:
        lab.control("add", count=count - known)
    modems = lab.control("list")["modems"][:count]
    with progress.step(f"plugging {count} at once"):
        times = timeline.plug(lab, modems, cap_for(count))
    peers = {"ModemManager registered": times.last["ModemManager"]}
    rows = [
        Row("plug", f"last modem: {step}", count, "s", value)
        for step, value in times.last.items()
        if step != timeline.FIRST_BYTE
    ]
    first_byte = times.last[timeline.FIRST_BYTE]
    rows.append(
        Row("plug", "last modem: first byte", count, "s", first_byte, peers, GOALS.get(count))
    )
    if count > 1:
        first = times.first[timeline.FIRST_BYTE]
        rows.append(Row("plug", "first modem: first byte", count, "s", first))
    if count < max(BATCHES):
        lab.control("unplug", modem=[modem["number"] for modem in modems])
        serials = {modem["imei"] for modem in modems}
        farm.wait_for(
            lambda: all(r["status"] == "offline" for r in farm.rows(lab) if r["serial"] in serials),
            60,
            "all offline",
            lambda: farm.explain(lab),
        )
    return rows


def memory_rows(lab: Lab) -> list[Row]:
    """PSS of the agent, of the idle apply service, and of a proxy."""
    found = farm.rows(lab)
    unit = "3proxy@" if lab.need_running().engine["name"] == "threeproxy" else "v2ray-proxy@"
    proxies = [f"{unit}{row['slot']}.service" for row in found]
    sizes = memory.pss(lab, ["modemfarm-agent.service", "modemfarm-apply.service", *proxies])
    each = sum(sizes[name] for name in proxies) / len(proxies)
    count = len(proxies)
    return [
        Row("memory", "agent (PSS)", count, "MiB", sizes["modemfarm-agent.service"]),
        Row("memory", "apply service, idle (PSS)", count, "MiB", sizes["modemfarm-apply.service"]),
        Row("memory", f"one proxy, idle ({unit}N, PSS)", count, "MiB", round(each, 2)),
    ]


if __name__ == "__main__":
    sys.exit(main())
