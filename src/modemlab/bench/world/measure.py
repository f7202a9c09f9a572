# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m modemlab.bench.world.measure WHAT ROOT COUNT ROUNDS [DSN]`: figures of one farm as
JSON, taken inside its namespaces. WHAT: requests, peers, batches or agent (DSN is its database).
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modemfarmd.agent.client import request_apply

from . import project as projects
from . import rest
from .host import World, enter
from .service import running

SERVING = "serving"
EVERYTHING = ("proxy", "profile", "bearer")
FIRST = ("rule", "guard", "link", *EVERYTHING)  # what a modem that is new needs besides
Times = dict[str, list[float]]


def main() -> int:
    """Enter the world, measure, print."""
    what, root, count, rounds = sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:5])
    measures = {"requests": requests, "peers": peers, "batches": batches, "agent": rest.measure}
    with enter(root, count, *sys.argv[5:6]) as world:
        figures = measures[what](world, rounds)
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


def requests(world: World, rounds: int) -> Times:
    """Whole requests to modemfarm-apply, as the agent makes them, in turns with an empty play."""
    folder = projects.make(world)
    times: Times = {name: [] for name in ("new", "unchanged", "configuration", "all", "empty")}
    with running(world, folder) as socket:
        _ask(world, socket, times["new"], *FIRST)
        for _ in range(rounds):
            times["empty"].append(_timed(lambda: projects.play(folder, "empty.yml", {})))
            _ask(world, socket, times["unchanged"])
            world.change(proxies=True)
            _ask(world, socket, times["configuration"], "proxy")
            world.change(proxies=True, bearers=True)
            _ask(world, socket, times["all"], *EVERYTHING)
    return times


def peers(world: World, rounds: int) -> Times:
    """Other ways to the same state, each from a cold start."""
    folder = projects.make(world)
    everything: dict[str, object] = {"modem_serials": world.serials}
    times: Times = defaultdict(list)
    with running(world, folder) as socket:
        _ask(world, socket, [], *FIRST)
        for _ in range(rounds):
            _ask(world, socket, times["ours"])
    for _ in range(rounds):
        times["cold"].append(
            _timed(lambda: projects.play(folder, "playbooks/modem.yml", everything))
        )
    for serial in world.serials:
        one: dict[str, object] = {"modem_serials": [serial]}
        times["one playbook each"].append(
            _timed(lambda one=one: projects.play(folder, "playbooks/modem.yml", one))  # type: ignore[misc]
        )
    projects.play(folder, "twelve.yml", {})
    times["twelve tasks"].append(_timed(lambda: projects.play(folder, "twelve.yml", {})))
    extra = projects.mitogen()
    if extra is not None:
        times["mitogen, twelve tasks"] = [
            _timed(lambda: projects.play(folder, "twelve.yml", {}, extra))
        ]
        times["mitogen, modem.yml"] = [
            _timed(lambda: projects.play(folder, "playbooks/modem.yml", everything, extra))
            for _ in range(rounds)
        ]
    return times


def batches(world: World, rounds: int) -> Times:
    """modem_apply's own work without Ansible."""
    from modemfarm import settings, snapshot
    from modemfarm.apply.batch import apply_batch

    # A farm larger than any host may have, to see how the cost grows.
    for module in (settings, snapshot):
        setattr(module, "MAX_SLOTS", max(settings.MAX_SLOTS, world.count))  # noqa: B010 - mypy
    times: Times = defaultdict(list)

    def converge(name: str, *changed: str) -> None:
        started, busy = time.monotonic(), time.process_time()
        result = apply_batch((), str(settings.DEFAULT_PATH), str(snapshot.DEFAULT_PATH))
        times[name].append(time.monotonic() - started)
        times[f"{name}, processor"].append(time.process_time() - busy)
        _check(world, result.as_dict()["modems"], changed)

    converge("new", *FIRST)
    for _ in range(rounds):
        converge("unchanged")
        world.change(proxies=True, bearers=True)
        converge("all", *EVERYTHING)
    return times


def _ask(world: World, socket: Path, times: list[float], *changed: str) -> None:
    started = time.monotonic()
    applied = request_apply(world.serials, path=socket)
    times.append(time.monotonic() - started)
    _check(world, list(applied.rows), changed)


def _check(world: World, rows: list[dict[str, Any]], changed: tuple[str, ...]) -> None:
    """A figure counts only when all modems serve and exactly what should have changed has."""
    wrong = [row for row in rows if row["state"] != SERVING or set(row["changed"]) != set(changed)]
    if wrong or len(rows) != world.count:
        raise RuntimeError(f"{len(wrong)} of {len(rows)} are not as wanted, such as {wrong[:1]}")


def _timed(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


if __name__ == "__main__":
    sys.exit(main())
