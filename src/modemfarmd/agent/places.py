# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the agent finds its world."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from modemfarm.at.session import LOCK_DIR
from modemfarm.dbus.connection import SYSTEM_BUS
from modemfarm.modem_lock import FOLDER as MODEM_LOCKS
from modemfarm.snapshot import DEFAULT_PATH as SNAPSHOT
from modemfarm.spool import FOLDER as SPOOL

from .client import SOCKET


@dataclass(frozen=True)
class Places:
    """Tests point it elsewhere. `run` has the control socket, the lock and the gauges."""

    root: Path = Path("/")
    snapshot: Path = SNAPSHOT
    apply_socket: Path = SOCKET
    lock_dir: Path = LOCK_DIR
    spool: Path = SPOOL
    run: Path = Path("/run/modemfarm")
    modem_locks: Path = MODEM_LOCKS
    system_bus: Path = Path(SYSTEM_BUS)
