# SPDX-License-Identifier: GPL-3.0-or-later
"""The real agent on a farm at rest: modems on terminals, a database, apply service and proxies."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modemfarm.apply.profile import profile_path
from modemfarmd.registry.db import Database, connect
from modemfarmd.registry.model import Observation
from modemfarmd.registry.modems import Host, Registry

from ..postgres import processor_seconds
from . import project as projects
from .host import PORT_BASE, World
from .service import running

READY_CAP_S = 180.0
LOOK_S, SOON_S = 0.5, 0.01
CHANGES = 3
SERVING = "serving"


def measure(world: World, seconds: int) -> dict[str, list[float]]:
    """The agent's memory (MiB) and percent of a core over `seconds` at rest, and its threads.

    `ready`: seconds from its start until all modems are shown as serving; `applied`: from a
    change of an APN in the registry until the modem's profile has it.
    """
    registry = Registry(Database(world.database, "bench"), Host("bench", world.count, PORT_BASE))
    for serial in world.serials:  # each gets the slot of its number, as the fake services want it
        registry.upsert(Observation(serial))
    folder = projects.make(world)
    log = world.root / "agent.log"
    with running(world, folder), log.open("wb") as output:
        began = time.monotonic()
        agent = subprocess.Popen([sys.executable, "-m", "modemfarmd.agent.main"], stderr=output)
        try:
            _until(lambda: _serving(registry) == world.count, agent, log)
            ready = time.monotonic() - began
            found = _rest(agent.pid, seconds)
            _still(registry, world, log)
            applied = [_change(world, number, agent, log) for number in range(1, CHANGES + 1)]
        finally:
            agent.terminate()
            agent.wait(60)
    return {"ready": [ready], "applied": applied, **found}


def _change(world: World, number: int, agent: subprocess.Popen[bytes], log: Path) -> float:
    serial, apn = world.serials[(number - 1) % world.count], f"changed.{number}"
    writing = connect(world.database, "bench operator")
    began = time.monotonic()
    with writing.cursor() as cursor:
        cursor.execute("UPDATE modems SET apn = %s WHERE serial = %s", (apn, serial))
    writing.close()
    _until(lambda: apn in profile_path(serial).read_text(), agent, log, SOON_S)
    return time.monotonic() - began


def _rest(agent: int, seconds: int) -> dict[str, list[float]]:
    before, began = processor_seconds(agent), time.monotonic()
    time.sleep(seconds)  # the farm rests, and so do we
    lasted = time.monotonic() - began
    share = 100 * (processor_seconds(agent) - before) / lasted
    threads = len(list(Path(f"/proc/{agent}/task").iterdir()))
    sizes = {name: [memory(agent, name)] for name in ("Rss", "Pss")}
    return {"percent": [share], "threads": [float(threads)], **sizes}


def memory(pid: int, kind: str) -> float:
    """Rss, or Pss (pages that others use too count in part), of a process in MiB."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(rf"^{kind}: +([0-9]+) kB$", text, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def _serving(registry: Registry) -> int:
    rows: list[dict[str, Any]] = registry.modems()
    return sum(row["state"] == SERVING for row in rows)


def _still(registry: Registry, world: World, log: Path) -> None:
    """What was measured was rest only when all serve at its end too."""
    if (serving := _serving(registry)) != world.count:
        raise RuntimeError(f"{serving} of {world.count} serve after the rest: {_tail(log)}")


def _until(
    reached: Callable[[], bool], agent: subprocess.Popen[bytes], log: Path, look: float = LOOK_S
) -> None:
    deadline = time.monotonic() + READY_CAP_S
    while not reached():
        if agent.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the farm is not serving: {_tail(log)}")
        time.sleep(look)


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]
