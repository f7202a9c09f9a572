# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m modemlab.bench.world.measure WHAT ROOT COUNT ROUNDS`: figures of one farm as JSON,
taken inside its namespaces. WHAT: requests, peers, batches or agent.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from modemfarmd.agent.client import request_apply

from . import project as projects
from .host import World, enter

START_CAP_S = 60.0
SERVING = "serving"
Times = dict[str, list[float]]


def main() -> int:
    """Enter the world, measure, print."""
    what, root, count, rounds = sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:5])
    with enter(root, count) as world:
        figures = {"requests": requests, "peers": peers, "batches": batches}[what](world, rounds)
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


def requests(world: World, rounds: int) -> Times:
    """Whole requests to modemfarm-apply, as the agent makes them, in turns with an empty play."""
    folder = projects.make(world)
    times: Times = {name: [] for name in ("new", "unchanged", "configuration", "all", "empty")}
    with _service(world, folder) as socket:
        _ask(world, socket, times["new"])
        for number in range(rounds):
            times["empty"].append(_timed(lambda: projects.play(folder, "empty.yml", {})))
            _ask(world, socket, times["unchanged"])
            world.write(clients=(number + 1) % 2)
            _ask(world, socket, times["configuration"])
            world.write(clients=number % 2, apn=(number + 1) % 2)
            _ask(world, socket, times["all"])
    return times


def peers(world: World, rounds: int) -> Times:
    """Other ways to the same state, each from a cold start."""
    folder = projects.make(world)
    everything: dict[str, object] = {"modem_serials": world.serials}
    times: Times = {"cold": [], "twelve tasks": [], "one playbook each": []}
    projects.play(folder, "playbooks/modem.yml", everything)  # what is new is made now
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
    settings.MAX_SLOTS = snapshot.MAX_SLOTS = max(settings.MAX_SLOTS, world.count)
    times: Times = {"new": [], "unchanged": [], "all": []}

    def converge(name: str) -> None:
        started = time.monotonic()
        result = apply_batch((), str(settings.DEFAULT_PATH), str(snapshot.DEFAULT_PATH))
        times[name].append(time.monotonic() - started)
        _all_serve(result.as_dict()["modems"])

    converge("new")
    for number in range(rounds):
        converge("unchanged")
        world.write(clients=(number + 1) % 2, apn=(number + 1) % 2)
        converge("all")
    return times


def _ask(world: World, socket: Path, times: list[float]) -> None:
    started = time.monotonic()
    applied = request_apply(world.serials, socket)
    times.append(time.monotonic() - started)
    _all_serve(list(applied.rows))


def _all_serve(rows: list[dict[str, object]]) -> None:
    wrong = [row for row in rows if row["state"] != SERVING]
    if wrong or not rows:
        raise RuntimeError(f"{len(wrong)} of {len(rows)} do not serve, such as {wrong[:1]}")


def _timed(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


@contextmanager
def _service(world: World, folder: Path) -> Iterator[Path]:
    """modemfarm-apply with Ansible preloaded."""
    socket, log = Path("/run/apply.sock"), world.root / "apply.log"
    command = [sys.executable, "-m", "modemfarmd.apply.main", "--socket", str(socket),
               "--project", str(folder), "--work", "/run/modemfarm-apply"]  # fmt: skip
    with log.open("wb") as output, subprocess.Popen(command, stderr=output) as process:
        try:
            deadline = time.monotonic() + START_CAP_S
            while b"preloaded" not in log.read_bytes():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"modemfarm-apply does not start: {log.read_text()}")
                time.sleep(0.05)
            yield socket
        finally:
            process.terminate()


if __name__ == "__main__":
    sys.exit(main())
