# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's log of this boot, from the journal or a file; that it cannot be read is said."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from ..errors import InvalidValueError
from .kernel_log import LONGEST, Finding, Line, find_trouble, parse_line

MOST_ENTRIES = 50_000
MOST_LINES = 1_000_000  # of a file: two days of a modem that fails each 100 ms
# One entry a line whatever is in it: a product string with a newline stays inside its JSON.
COMMAND = (
    "journalctl", "-k", "-q", "-o", "json", "--no-pager", "-n", str(MOST_ENTRIES),
    "--output-fields=MESSAGE",
)  # fmt: skip
CAP_S = 20.0
REMEDY = "run it as root or as a member of systemd-journal, or give --kernel-log FILE"


@dataclass(frozen=True)
class KernelLog:
    """What the log says. `problem` says why it could not be read; then nothing was found."""

    source: str
    findings: tuple[Finding, ...] = ()
    problem: str | None = None


def from_file(path: Path) -> KernelLog:
    """A file as dmesg or journalctl print it. InvalidValueError for one that cannot be read."""
    try:
        with path.open("rb") as stream:
            findings = find_trouble(parse_line(line) for line in _lines(stream))
    except OSError as error:
        raise InvalidValueError(
            "--kernel-log", str(path), f"a file that can be read ({error.strerror})"
        ) from error
    return KernelLog(str(path), findings)


def from_journal(command: tuple[str, ...] = COMMAND) -> KernelLog:
    """The journal's kernel messages of this boot."""
    source = "journalctl -k"
    if shutil.which(command[0]) is None:
        return KernelLog(source, problem=f"{command[0]} is not installed; {REMEDY}")
    try:
        done = subprocess.run(command, capture_output=True, timeout=CAP_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return KernelLog(source, problem=f"{type(error).__name__}; {REMEDY}")
    lines = [line for raw in done.stdout.splitlines() if (line := _entry(raw)) is not None]
    if done.returncode != 0 or not lines:
        return KernelLog(source, problem=f"the kernel's log is empty for this user; {REMEDY}")
    return KernelLog(source, find_trouble(lines))


def _lines(stream: BinaryIO) -> Iterator[str]:
    for _ in range(MOST_LINES):
        raw = stream.readline(2 * LONGEST)
        if not raw:
            return
        yield raw.decode(errors="replace")


def _entry(raw: bytes) -> Line | None:
    try:
        entry = json.loads(raw)
        message = entry["MESSAGE"]
        if isinstance(message, list):  # bytes that are no UTF-8 text
            message = bytes(message).decode(errors="replace")
        at = datetime.fromtimestamp(int(entry["__REALTIME_TIMESTAMP"]) // 1_000_000, UTC)
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
    return Line(message[:LONGEST], at.isoformat()) if isinstance(message, str) else None
