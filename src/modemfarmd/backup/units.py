# SPDX-License-Identifier: GPL-3.0-or-later
"""What writes to the registry stands still while it is exchanged."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import BackupFailedError

WRITERS = ("modemfarm-agent.service", "modemfarm-api.service")
BOOTED = Path("/run/systemd/system")  # sd_booted(3)
LONGEST_S = 120.0  # systemd itself gives up on a unit after 90 s


@contextmanager
def stopped() -> Iterator[None]:
    """Those that run are stopped, and started again in any case. BackupFailedError."""
    running = [unit for unit in WRITERS if BOOTED.is_dir() and _systemctl("is-active", unit)]
    try:
        for unit in running:
            if not _systemctl("stop", unit):
                raise BackupFailedError(f"{unit} does not stop", f"systemctl status {unit}")
        yield
    finally:
        for unit in running:
            _systemctl("start", unit)


def _systemctl(verb: str, unit: str) -> bool:
    done = subprocess.run(
        ["systemctl", "--quiet", verb, unit],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        timeout=LONGEST_S, check=False,
    )  # fmt: skip
    return done.returncode == 0
