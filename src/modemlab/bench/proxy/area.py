# SPDX-License-Identifier: GPL-3.0-or-later
"""The area `proxy`: ours with all that it does, beside the same program bare and beside others.

All figures of a row are medians of rounds that were taken in turns, so a busy machine changes them
all. Ours runs where guard and rules of 30 modems are loaded; the others where nothing is.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ...host.errors import LabError
from ...host.progress import Progress
from ..rows import Row
from . import engines, load
from .engines import BARE, OURS, Engine
from .load import ENDLESS, SMALL, Result
from .stage import LAN, Stage, stage

T = TypeVar("T")
AREA = "proxy"
ROUNDS = int(os.environ.get("BENCH_PROXY_ROUNDS", "5"))
SECONDS = float(os.environ.get("BENCH_PROXY_S", "2"))
MODEMS = 30
SIZES = (1, 30, 240)
MANY = 1000  # connections
SHARE = 0.97  # goal: of the same program without configuration, guard and rules
MOST_PRICE = 3.0  # percent, goal at 240 modems
PROGRAM_VARIABLE = "THREEPROXY_PROGRAM"


@dataclass(frozen=True)
class Case:
    """One load; its figures are (words, unit, attribute of Result, whether more is better)."""

    words: str
    how: str
    clients: int
    size: int = SMALL

    @property
    def figures(self) -> tuple[tuple[str, str, str, bool], ...]:
        """Streams give a rate of bytes, requests a rate and times."""
        if self.size == ENDLESS:
            return ((self.words, "MB/s", "megabytes", True),)
        return (
            (f"{self.words}, requests", "1/s", "per_second", True),
            (f"{self.words}, p50", "us", "p50_us", False),
            (f"{self.words}, p99", "us", "p99_us", False),
        )


CASES = (
    Case("SOCKS5, new connection, 1 client", "socks", 1),
    Case("SOCKS5, new connection, 32 clients", "socks", 32),
    Case("SOCKS5, connection kept, 16 clients", "keep-socks", 16),
    Case("SOCKS5, 1 stream", "socks", 1, ENDLESS),
    Case("SOCKS5, 30 streams", "socks", 30, ENDLESS),
    Case("HTTP, new connection, 1 client", "http", 1),
    Case("HTTP, new connection, 32 clients", "http", 32),
    Case("HTTP, connection kept, 16 clients", "keep-http", 16),
    Case("HTTP, 1 stream", "http", 1, ENDLESS),
    Case("CONNECT, new connection, 32 clients", "connect", 32),
    Case("CONNECT, 1 stream", "connect", 1, ENDLESS),
    Case("CONNECT, 30 streams", "connect", 30, ENDLESS),
)
# What the guard could cost: a lookup for each connection, and one for each packet.
PRICED = (CASES[1], CASES[3])


def rows(progress: Progress) -> list[Row]:
    """All figures; LabError where there is no root, no compiler or no 3proxy."""
    program = _program()
    peers, notes = engines.installed()
    for note in notes:
        progress.say(f"bench: {note}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mfbench")))
        folder.chmod(0o755)  # each engine has a user of its own
        tool = load.build(folder)
        stages = {}
        for modems in (0, *SIZES):
            with progress.step(f"namespaces with guard and rules of {modems} modems"):
                stages[modems] = stack.enter_context(stage(str(modems), modems))
            stack.enter_context(load.serving(tool, stages[modems].carrier))
        bench = Bench(tool, folder, program, stages)
        with progress.step("proxies side by side"):
            found = bench.compare(peers, progress)
        with progress.step("the price of guard and rules"):
            found += bench.price()
        with progress.step("starts and memory"):
            found += [*bench.thirty(), bench.full(peers, progress)]
    return found


@dataclass(frozen=True)
class Bench:
    """What all measurements need."""

    tool: Path
    folder: Path
    program: str
    stages: dict[int, Stage]

    def contestants(self, peers: Sequence[Engine]) -> list[tuple[Stage, Engine]]:
        """Each with the stage that it runs on."""
        own = engines.ours(MODEMS, self.program)
        plain = self.stages[0]
        others = [engines.bare(self.program), *peers]
        return [(self.stages[MODEMS], own), *((plain, engine) for engine in others)]

    def compare(self, peers: Sequence[Engine], progress: Progress) -> list[Row]:
        """All cases for all engines that can."""
        seen: dict[tuple[str, str], list[Result]] = {}
        contestants = self.contestants(peers)
        for number in range(ROUNDS):
            for on, engine in _turned(contestants, number):
                try:
                    with engines.running(on, engine, self.folder):
                        for case in CASES:
                            result = self._load(on, engine, case)
                            if result is not None:
                                seen.setdefault((case.words, engine.name), []).append(result)
                except LabError as error:
                    progress.say(f"bench: {error}")
        return [row for case in CASES for row in _case_rows(case, contestants, seen)]

    def _load(self, on: Stage, engine: Engine, case: Case) -> Result | None:
        port = engine.port(case.how)
        if port is None:
            return None
        result = load.call(
            self.tool, on.lan, case.how, (LAN, port), case.clients, SECONDS, case.size
        )
        if result.failed > result.requests or not result.bytes:
            raise LabError(f"{engine.name}, {case.words}: {result.failed} failed")
        return result

    def price(self) -> list[Row]:
        """What the same configuration loses to guard and rules, in percent; the last slot's."""
        lost: dict[tuple[str, int], list[float]] = {}
        for number in range(ROUNDS):
            rates: dict[tuple[str, int], float] = {}
            for modems, on in _turned(list(self.stages.items()), number):
                engine = engines.ours(max(modems, 1), self.program)
                with engines.running(on, engine, self.folder):
                    for case in PRICED:
                        result = self._load(on, engine, case)
                        if result is not None:
                            rates[case.words, modems] = _rate(case, result)
            for case in PRICED:
                for modems in SIZES:
                    share = rates[case.words, modems] / rates[case.words, 0]
                    lost.setdefault((case.words, modems), []).append(100 * (1 - share))
        return [
            Row(AREA, f"price of guard and rules: {words}", modems, "%",
                round(statistics.median(values), 2), {},
                MOST_PRICE if modems == max(SIZES) else None)
            for (words, modems), values in lost.items()
        ]  # fmt: skip

    def thirty(self) -> Iterator[Row]:
        """Start and idle memory of 30 instances, ours and bare."""
        times: dict[str, list[float]] = {OURS: [], BARE: []}
        sizes: dict[str, list[float]] = {OURS: [], BARE: []}
        sets = {
            OURS: (self.stages[MODEMS], [engines.ours(n + 1, self.program) for n in range(MODEMS)]),
            BARE: (self.stages[0], [engines.bare(self.program, 3200 + n) for n in range(MODEMS)]),
        }
        for number in range(ROUNDS):
            for name, (on, engines_) in _turned(list(sets.items()), number):
                began = time.monotonic()
                with ExitStack() as stack:
                    begun = [engines.begin(on, engine, self.folder) for engine in engines_]
                    for process in begun:
                        stack.callback(engines.end, process)
                    for engine, process in zip(engines_, begun, strict=True):
                        engines.wait_for_ports(engine, process)
                    times[name].append(time.monotonic() - began)
                    sizes[name].append(sum(engines.pss_mib(process.pid) for process in begun))
        for words, unit, values in (
            ("start of 30 instances, all ports open", "s", times),
            ("30 idle instances (PSS)", "MiB", sizes),
        ):
            median = {name: round(statistics.median(found), 3) for name, found in values.items()}
            own = median.pop(OURS)
            # The goal is for speed; memory is told beside the bare one's.
            yield Row(AREA, words, MODEMS, unit, own, median)

    def full(self, peers: Sequence[Engine], progress: Progress) -> Row:
        """Memory of one instance with 1,000 connections through it."""
        own = engines.ours(MODEMS, self.program, connections=2 * MANY)
        seen: dict[str, float] = {}
        for on, engine in [(self.stages[MODEMS], own), *self.contestants(peers)[1:]]:
            way = "socks" if "socks" in engine.ports else "connect"
            port = engine.port(way)
            if port is None:
                continue
            try:
                with (
                    engines.running(on, engine, self.folder) as pid,
                    load.held(self.tool, on.lan, way, (LAN, port), MANY) as count,
                ):
                    if count < MANY:
                        raise LabError(f"{engine.name} took {count} of {MANY} connections")
                    seen[engine.name] = round(engines.pss_mib(pid), 2)
            except LabError as error:
                progress.say(f"bench: {error}")
        if OURS not in seen:
            raise LabError(f"ours did not take {MANY} connections")
        return Row(AREA, f"one instance with {MANY} connections (PSS)", MANY, "MiB",
                   seen.pop(OURS), seen)  # fmt: skip


def _case_rows(
    case: Case, contestants: Sequence[tuple[Stage, Engine]],
    seen: dict[tuple[str, str], list[Result]],
) -> Iterator[Row]:  # fmt: skip
    names = [engine.name for _, engine in contestants if (case.words, engine.name) in seen]
    if OURS not in names:
        raise LabError(f"no figure of ours: {case.words}")
    for words, unit, attribute, more in case.figures:
        values = {
            name: round(statistics.median(getattr(r, attribute) for r in seen[case.words, name]), 2)
            for name in names
        }
        own = values.pop(OURS)
        goal = None
        if BARE in values:
            goal = round(values[BARE] * SHARE if more else values[BARE] / SHARE, 2)
        yield Row(AREA, words, case.clients, unit, own, values, goal, more)


def _rate(case: Case, result: Result) -> float:
    return result.megabytes if case.size == ENDLESS else result.per_second


def _turned(items: Sequence[T], by: int) -> list[T]:
    """The same, begun at another place: who is first has a colder machine."""
    at = by % len(items)
    return [*items[at:], *items[:at]]


def _program() -> str:
    if os.geteuid() != 0:
        raise LabError("network namespaces need root")
    found = os.environ.get(PROGRAM_VARIABLE) or engines.find("3proxy")
    if not found:
        raise LabError(f"no 3proxy here; set {PROGRAM_VARIABLE}, or run playbooks/site.yml")
    return found
