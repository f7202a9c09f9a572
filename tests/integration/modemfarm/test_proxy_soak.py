# SPDX-License-Identifier: GPL-3.0-or-later
"""Thirty proxies with a hundred connections each: nothing fails, and nothing grows.

Half a minute in `make test`, ten in `make faults` (MODEMFARM_SOAK_S). Each proxy has the farm's own
configuration, and guard and rules of thirty modems are loaded.
"""

import contextlib
import os
import shutil
import threading
import time
from pathlib import Path

import pytest

from modemlab.bench.proxy import engines, load
from modemlab.bench.proxy.stage import LAN, stage

SECONDS = float(os.environ.get("MODEMFARM_SOAK_S", "30"))
PROXIES, CONNECTIONS = 30, 100
PAUSE_MS = 5000  # between the requests of a connection: 600 requests a second in all
SETTLED = 0.4  # of the time: by then each connection has had its first requests
GROWTH = 1.02  # FAULTS G20
LOOK_S = 1.0
TOOLS = ("gcc", "ip", "nft", "setpriv", "prlimit")
missing = [tool for tool in TOOLS if shutil.which(tool, path=engines.SBIN) is None]
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or bool(missing), reason=f"needs root and {', '.join(TOOLS)}"
)


def figures(pids):
    """Memory in MiB, descriptors and threads of all proxies."""
    descriptors = sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids)
    threads = sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in pids)
    return sum(engines.pss_mib(pid) for pid in pids), descriptors, threads


@pytest.fixture
def farm_of_thirty(threeproxy, open_folder):
    folder = open_folder
    program = str(shutil.copy(threeproxy, folder / "3proxy"))
    Path(program).chmod(0o755)
    tool = load.build(folder)
    with contextlib.ExitStack() as stack:
        on = stack.enter_context(stage("s", PROXIES))
        stack.enter_context(load.serving(tool, on.carrier))
        running = {}
        for slot in range(1, PROXIES + 1):
            engine = engines.ours(slot, program)
            process = engines.begin(on, engine, folder)
            stack.callback(engines.end, process)
            running[engine.ports["socks"]] = process
            engines.wait_for_ports(engine, process)
        yield on, tool, running


def test_nothing_fails_and_nothing_grows(farm_of_thirty):
    on, tool, running = farm_of_thirty
    pids = [process.pid for process in running.values()]
    results, samples = {}, []

    def load_one(port):
        results[port] = load.call(
            tool, on.lan, "keep-socks", (LAN, port), CONNECTIONS, SECONDS, pause_ms=PAUSE_MS
        )

    idle = figures(pids)
    callers = [threading.Thread(target=load_one, args=(port,)) for port in running]
    began = time.monotonic()
    for caller in callers:
        caller.start()
    while (passed := time.monotonic() - began) < SECONDS - LOOK_S:
        time.sleep(LOOK_S)  # samples are taken at even distances; there is no condition to wait for
        if passed > SETTLED * SECONDS:
            samples.append(figures(pids))
    for caller in callers:
        caller.join()

    assert sum(result.failed for result in results.values()) == 0
    assert len(results) == PROXIES
    # Each connection asked again and again, on the first connection that it had.
    least = CONNECTIONS * max(2, SECONDS / (PAUSE_MS / 1000) / 2)
    assert min(result.requests for result in results.values()) >= least
    assert {process.poll() for process in running.values()} == {None}
    memory, descriptors, threads = zip(*samples, strict=True)
    assert min(descriptors) >= idle[1] + PROXIES * CONNECTIONS * 2  # all were open at once
    assert len(samples) >= 2
    assert max(memory) <= GROWTH * memory[0], memory
    assert max(descriptors) <= GROWTH * descriptors[0], descriptors
    assert max(threads) <= GROWTH * threads[0], threads
