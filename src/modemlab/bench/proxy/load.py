# SPDX-License-Identifier: GPL-3.0-or-later
"""The load generator (load.c), built once, run in a network namespace."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ...host.errors import LabError

SOURCE = Path(__file__).with_name("load.c")
TARGET, TARGET_PORT = "203.0.113.10", 80
SMALL, ENDLESS = 1024, 10**12  # bytes of an answer
READY_S = 30.0


@dataclass(frozen=True)
class Result:
    """What one call of the generator saw. Times in seconds; p50 and p99 of whole requests in µs."""

    requests: int
    failed: int
    seconds: float
    bytes: int
    p50_us: int
    p99_us: int

    @property
    def per_second(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    @property
    def megabytes(self) -> float:
        """MB a second."""
        return self.bytes / self.seconds / 1e6


def build(folder: Path) -> Path:
    """Compile it; LabError without a compiler."""
    program = folder / "load"
    command = ["gcc", "-O2", "-Wall", "-Werror", "-pthread", "-o", str(program), str(SOURCE)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    except FileNotFoundError as error:
        raise LabError("the bench of proxies needs gcc: apt-get install gcc libc6-dev") from error
    if done.returncode:
        raise LabError(f"load.c does not compile: {done.stderr[-500:]}")
    return program


@contextmanager
def serving(program: Path, namespace: str) -> Iterator[None]:
    """The server, at TARGET in `namespace`."""
    command = inside(namespace, str(program), "serve", TARGET, str(TARGET_PORT))
    with waiting(command):
        yield


def call(
    program: Path,
    namespace: str,
    how: str,
    place: tuple[str, int],
    clients: int,
    seconds: float,
    size: int = SMALL,
    pause_ms: int = 0,
) -> Result:
    """Ask for answers of `size` bytes for `seconds`, by `clients` at once; see load.c for `how`."""
    words = (how, place[0], place[1], TARGET, TARGET_PORT, clients, seconds, size, pause_ms)
    done = subprocess.run(
        inside(namespace, str(program), "call", *map(str, words)),
        capture_output=True, text=True, check=False, timeout=seconds + 90,
    )  # fmt: skip
    if done.returncode:
        raise LabError(f"load call {how}: {done.stderr.strip()[-300:]}")
    return Result(**json.loads(done.stdout))


@contextmanager
def held(
    program: Path, namespace: str, how: str, place: tuple[str, int], count: int
) -> Iterator[int]:
    """Open connections; how many there are."""
    words = (how, place[0], place[1], TARGET, TARGET_PORT, count)
    with waiting(inside(namespace, str(program), "hold", *map(str, words))) as said:
        yield int(said.split()[1])


@contextmanager
def waiting(command: list[str]) -> Iterator[str]:
    """A process that says `ready ...` and ends with its stdin; what it said."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            said = process.stdout.readline() if process.stdout else ""
            if not said.startswith("ready"):
                raise LabError(f"{command[-8:]} did not start: {said!r}")
            yield said
        finally:
            process.kill()


def inside(namespace: str, *command: str) -> list[str]:
    """`command` in a network namespace."""
    return ["ip", "netns", "exec", namespace, *command]
