# SPDX-License-Identifier: GPL-3.0-or-later
"""What the AT engine of modemfarm costs: parsing of noise, memory, and time per command.

The one place where the lab uses the farm's code: here it is what is measured. Commands go to a
virtual modem on a terminal, in turns with raw pyserial and python-gsmmodem-new on the same one.
"""

from __future__ import annotations

import gc
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import serial
from gsmmodem.serial_comms import SerialComms

from modemfarm.at.exchange import Exchange
from modemfarm.at.framing import Framer
from modemfarm.at.session import AtSession

from ..faces.background import Background
from ..modem.spec import ModemSpec
from .rows import Row

AREA = "AT engine"
URC = b'\r\n+QIND: "csq",20,99\r\n'
CHUNK = 4096  # what one read gives
NOISE_URCS = 400_000
TRIES = 5  # the fastest counts: whatever slows one down is not the engine
MEMORY_URCS = 1_000_000
SLOWEST_MS_PER_MB = 50.0  # goal: 20 MB/s
MOST_KIB = 64.0  # one chunk, its lines and its news, whatever came before
ROUNDS, COMMANDS = 20, 50
COMMAND = "AT+CSQ"
MOST_OVERHEAD_MS = 1.0
CAP_S = 5.0

Ask = Callable[[], object]


def rows() -> list[Row]:
    """All figures of the engine. Takes about 20 s."""
    return [*throughput(), memory(), *per_command()]


def throughput() -> list[Row]:
    """Milliseconds per MB of unsolicited lines, from bytes to the callback."""
    chunks = list(_noise(NOISE_URCS))
    megabytes = sum(map(len, chunks)) / 1e6
    idle = min(_timed(lambda: _listen(chunks)) for _ in range(TRIES))
    busy = min(_timed(lambda: _wait_in_noise(chunks)) for _ in range(TRIES))
    return [
        Row(AREA, f"noise while {state} ({megabytes / seconds:.0f} MB/s)", NOISE_URCS, "ms/MB",
            round(seconds * 1000 / megabytes, 2), {}, SLOWEST_MS_PER_MB)
        for state, seconds in (("idle", idle), ("a command runs", busy))
    ]  # fmt: skip


def memory() -> Row:
    """The most that was held at once over a million unsolicited lines, beyond the first thousand.

    What has been read is not counted: the chunks are made before.
    """
    chunks = list(_noise(1000))
    framer, exchange, count = Framer(), Exchange(COMMAND), _Count()
    _feed(chunks, framer, exchange, count)
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(MEMORY_URCS // 1000):
        _feed(chunks, framer, exchange, count)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    if count.lines < MEMORY_URCS:
        raise AssertionError(f"{count.lines} of {MEMORY_URCS} lines came through")
    kib = round((most - before) / 1024, 1)
    return Row(AREA, "memory, at most, during URCs", MEMORY_URCS, "KiB", kib, {}, MOST_KIB)


def per_command() -> list[Row]:
    """Median milliseconds of one command, and what the engine adds to raw pyserial."""
    times: dict[str, list[float]] = {"ours": [], "pyserial": [], "gsmmodem": []}
    with Background() as lab, TemporaryDirectory() as folder:
        _modem, face = lab.pty(ModemSpec(1, registration_seconds=0))
        path = face.paths["at3"]
        for _ in range(ROUNDS):
            with _ours(path, Path(folder)) as ask:
                times["ours"] += _times(ask)
            with _pyserial(path) as ask:
                times["pyserial"] += _times(ask)
            with _gsmmodem(path) as ask:
                times["gsmmodem"] += _times(ask)
    median = {name: round(statistics.median(values), 4) for name, values in times.items()}
    ours = median.pop("ours")
    added = round(ours - median["pyserial"], 4)
    count = ROUNDS * COMMANDS
    return [
        Row(AREA, f"{COMMAND} on a terminal, median", count, "ms", ours, median),
        Row(AREA, "added to raw pyserial, median", count, "ms", added, {}, MOST_OVERHEAD_MS),
    ]


class _Count:
    """The cheapest callback that sees each line."""

    def __init__(self) -> None:
        self.lines = 0

    def __call__(self, _line: str) -> None:
        self.lines += 1


def _noise(urcs: int) -> Iterator[bytes]:
    data = URC * urcs
    return (data[start : start + CHUNK] for start in range(0, len(data), CHUNK))


def _listen(chunks: list[bytes]) -> None:
    framer, count = Framer(), _Count()
    for chunk in chunks:
        for line in framer.feed(chunk):
            count(line)


def _wait_in_noise(chunks: list[bytes]) -> None:
    _feed(chunks, Framer(), Exchange(COMMAND), _Count())


def _feed(chunks: list[bytes], framer: Framer, exchange: Exchange, count: _Count) -> None:
    for chunk in chunks:
        exchange.feed_all(framer.feed(chunk))
        for line in exchange.urcs:
            count(line)
        exchange.urcs.clear()


def _timed(work: Callable[[], None]) -> float:
    """Seconds of processor time: nothing here waits, and others use the machine too."""
    start = time.process_time()
    work()
    return time.process_time() - start


def _times(ask: Ask) -> list[float]:
    """Milliseconds of each command; the first one, which warms up, is left out."""
    found = []
    ask()
    for _ in range(COMMANDS):
        start = time.perf_counter()
        ask()
        found.append((time.perf_counter() - start) * 1000)
    return found


@contextmanager
def _ours(path: str, folder: Path) -> Iterator[Ask]:
    with AtSession(path, lock_dir=folder) as session:
        yield lambda: session.command(COMMAND)


@contextmanager
def _pyserial(path: str) -> Iterator[Ask]:
    with serial.Serial(path, 115200, timeout=CAP_S) as port:

        def ask() -> None:
            port.write(COMMAND.encode() + b"\r")
            answer = b""
            while not answer.endswith(b"\r\nOK\r\n"):
                answer += port.read(port.in_waiting or 1)

        yield ask


@contextmanager
def _gsmmodem(path: str) -> Iterator[Ask]:
    comms = SerialComms(path)
    comms.timeout = 0.05  # how long close() waits for its reader; no part of a command
    comms.connect()
    try:
        yield lambda: comms.write(f"{COMMAND}\r", timeout=CAP_S)
    finally:
        comms.close()
