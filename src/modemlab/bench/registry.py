# SPDX-License-Identifier: GPL-3.0-or-later
"""One database for 1, 10 and 100 hosts: what a turn costs, and how late a change is heard."""

from __future__ import annotations

import json
import select
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from modemfarmd.registry.db import connect

from . import postgres
from .rows import Row
from .simulated_hosts import CHANNEL, MODEMS

AREA = "registry"
HOSTS = (1, 10, 100)
PROCESSES = 4  # the hosts share them, so one interpreter's lock does not make the figure
SECONDS = 30.0
PACE_S = 10.0  # an agent's own is 30 s: three times the traffic of real hosts
CHANGE_S = 0.05
CHANGE = "UPDATE modems SET apn = %s WHERE serial = %s"


@dataclass(frozen=True)
class Figures:
    """Milliseconds of the turns and of the notifications, and the server's processor share."""

    turns: list[float]
    heard: list[float]
    processor_percent: float


def rows() -> list[Row]:
    """Measure all numbers of hosts on one server, one after the other."""
    found: list[Row] = []
    with postgres.running() as server:
        one: Figures | None = None
        for hosts in HOSTS:
            figures = _measure(server, hosts)
            one = one or figures
            found += _rows(hosts, figures, one)
    return found


def _rows(hosts: int, figures: Figures, one: Figures) -> list[Row]:
    def row(case: str, unit: str, value: float, single: float) -> Row:
        peers = {} if hosts == 1 else {"1 host": round(single, 2)}
        return Row(AREA, case, hosts, unit, round(value, 2), peers)

    turn = f"turn of one host, {MODEMS} modems"
    heard = "change -> NOTIFY -> subscriber"
    median = statistics.median
    return [
        row(f"{turn}, median", "ms", median(figures.turns), median(one.turns)),
        row(f"{turn}, p99", "ms", percentile(figures.turns, 99), percentile(one.turns, 99)),
        row(f"{heard}, median", "ms", median(figures.heard), median(one.heard)),
        row(f"{heard}, p99", "ms", percentile(figures.heard, 99), percentile(one.heard, 99)),
        row("PostgreSQL's processor time at three times the pace", "% of a core",
            figures.processor_percent, one.processor_percent),
    ]  # fmt: skip


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which `percent` of them are; the largest when there are few."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def _measure(server: postgres.Postgres, hosts: int) -> Figures:
    groups = min(PROCESSES, hosts)
    sizes = [hosts // groups + (n < hosts % groups) for n in range(groups)]
    with ExitStack() as stack:
        started = []
        for index, size in enumerate(sizes):
            first = 1 + sum(sizes[:index])
            command = [sys.executable, "-m", "modemlab.bench.simulated_hosts", server.dsn,
                       str(first), str(size), str(SECONDS), str(PACE_S)]  # fmt: skip
            process = stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            started.append(process)
        for process in started:
            _say_when_ready(process)
        used, began = server.processor_seconds(), time.monotonic()
        for process in started:
            assert process.stdin is not None  # noqa: S101 - PIPE above
            process.stdin.write("go\n")
            process.stdin.flush()
        heard = _changes(server.dsn, f"86{1:04d}", SECONDS)
        # Before they leave: a connection that has ended takes its count with it.
        used, lasted = server.processor_seconds() - used, time.monotonic() - began
        turns: list[float] = []
        for process in started:
            assert process.stdout is not None  # noqa: S101
            turns += json.loads(process.stdout.readline())
    return Figures(turns, heard, 100 * used / lasted)


def _say_when_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None  # noqa: S101 - PIPE by the caller
    if process.stdout.readline() != "ready\n":
        raise RuntimeError("the simulated hosts did not start")


def _changes(dsn: str, host_digits: str, seconds: float) -> list[float]:
    """Change one modem after the other, as an operator would; milliseconds until it is heard."""
    listening, writing = connect(dsn, "bench subscriber"), connect(dsn, "bench operator")
    with listening.cursor() as cursor:
        cursor.execute(f'LISTEN "{CHANNEL}"')
    sent: dict[str, float] = {}
    heard: list[float] = []
    stop = threading.Event()

    def listen() -> None:
        while not stop.is_set():
            if not select.select([listening], [], [], 0.1)[0]:
                continue
            listening.poll()
            now = time.monotonic()
            while listening.notifies:
                notify = listening.notifies.pop(0)
                # The hosts change the same rows; only ours count.
                if notify.pid == writing.info.backend_pid and notify.payload in sent:
                    heard.append((now - sent.pop(notify.payload)) * 1000)

    thread = threading.Thread(target=listen)
    thread.start()
    until, number = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        serial = f"{host_digits}{number % MODEMS:09d}"
        sent[serial] = time.monotonic()
        with writing.cursor() as cursor:
            cursor.execute(CHANGE, (f"apn{number}", serial))
        number += 1
        time.sleep(CHANGE_S)
    stop.set()
    thread.join()
    for connection in (listening, writing):
        connection.close()
    if len(heard) < number * 0.99:
        raise RuntimeError(f"{number - len(heard)} of {number} changes were not heard")
    return heard
