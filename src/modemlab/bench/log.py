# SPDX-License-Identifier: GPL-3.0-or-later
"""What it costs a command that it is logged: one record alone, and commands on one terminal."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from modemfarm.at.session import AtSession
from modemfarm.record import Observer, Record
from modemfarm.spool import Spool

from .rows import Row

RECORDS = 20_000
COMMANDS = 1_000  # of each kind, in turn, so that both meet the same noise of the machine
GOAL_US = 50.0
SERIAL = "867584030000017"
ANSWER = '+CEREG: 2,1,"1A2B","01A2B3C4",7'
PORT = "dev/ttyUSB3"


def rows() -> list[Row]:
    """Measure the spool."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:  # a disk, as on a host
        spool = Path(folder)
        return [*_alone(spool), *_on_a_terminal(spool)]


def _alone(folder: Path) -> list[Row]:
    record = Record("at", "AT+CEREG?", ANSWER, "ok", 3.1, time.time())
    with Spool(SERIAL, "agent", folder=folder) as spool:
        one = _median_us(lambda: spool(record), RECORDS)

    def session() -> None:
        with Spool(SERIAL, "agent", folder=folder) as own:
            own(record)

    return [
        Row("log", "one record", RECORDS, "µs", one, goal=GOAL_US),
        Row("log", "a file with one record", COMMANDS, "µs", _median_us(session, COMMANDS)),
    ]


def _on_a_terminal(folder: Path) -> list[Row]:
    with _modem() as root, Spool(SERIAL, "agent", folder=folder) as spool:
        observed: Observer | None = None

        def observer(record: Record) -> None:
            if observed is not None:
                observed(record)

        with AtSession(str(root / PORT), observer, lock_dir=root) as session:
            session.sync()
            times: dict[bool, list[float]] = {False: [], True: []}
            for number in range(2 * COMMANDS):
                logged = number % 2 == 1
                observed = spool if logged else None
                times[logged].append(_us(lambda: session.command("AT+CSQ")))
    plain, logged_us = (round(statistics.median(times[kind]), 1) for kind in (False, True))
    return [Row("log", "a command on a terminal", COMMANDS, "µs", logged_us, {"no log": plain})]


def _us(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1e6


def _median_us(work: Callable[[], object], count: int) -> float:
    return round(statistics.median(_us(work) for _ in range(count)), 2)


@contextmanager
def _modem() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "modemlab.bench.modems", folder, "1", "0"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as modem:
            assert modem.stdin is not None  # noqa: S101 - PIPE above
            assert modem.stdout is not None  # noqa: S101
            assert modem.stdout.readline() == b"ready\n"  # noqa: S101
            yield Path(folder)
            modem.stdin.close()
            modem.wait(30)
