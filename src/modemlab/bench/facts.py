# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of 30 modems at once against the slowest single one of them, over terminals."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modemfarm.info import modem_facts

from .rows import Row

COUNT = 30
# What an EC25 takes for an answer that asks neither SIM nor network; 30 to 60 ms, by modem.
ANSWER_S = 0.03
GOAL = 1.3  # times the slowest single modem
ROUNDS = 3


def rows() -> list[Row]:
    """Measure modem_info's facts with its default questions."""
    with _modems() as root:

        def timed(*modems: str) -> float:
            started = time.monotonic()
            found = modem_facts(modems, root=root, lock_dir=root)
            took = time.monotonic() - started
            assert all(row["error"] is None for row in found), found  # noqa: S101 - a figure needs it
            return took

        timed()  # imports and first opens
        singles = [timed(f"1-{number}") for number in range(1, COUNT + 1)]
        together = statistics.median(timed() for _ in range(ROUNDS))
    slowest = max(singles)
    return [
        Row("facts", "30 modems at once", COUNT, "s", round(together, 3),
            {"slowest single modem": round(slowest, 3)}, round(GOAL * slowest, 3)),
        Row("facts", "30 modems one after the other", COUNT, "s", round(sum(singles), 2)),
    ]  # fmt: skip


@contextmanager
def _modems() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "modemlab.bench.modems", folder, str(COUNT), str(ANSWER_S)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as modems:
            assert modems.stdin is not None  # noqa: S101 - PIPE above
            assert modems.stdout is not None  # noqa: S101
            assert modems.stdout.readline() == b"ready\n"  # noqa: S101
            yield Path(folder)
            modems.stdin.close()
            modems.wait(30)
