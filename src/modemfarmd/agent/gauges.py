# SPDX-License-Identifier: GPL-3.0-or-later
"""How the agent itself is doing, in numbers: a file for who measures, and the verb `status`."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .applier import Applier
from .arrivals import Arrivals
from .farm import Farm
from .holds import Holds
from .publisher import Publisher
from .queue import KeyQueue
from .repairs import Repairs
from .store import Store

log = logging.getLogger(__name__)

EVERY_S = 10.0
FILE = "agent-status.json"
_PAGE = os.sysconf("SC_PAGE_SIZE")


class WorkerGauges:
    """What only the worker's thread may read; it leaves a copy for others every EVERY_S."""

    def __init__(
        self,
        farm: Farm,
        arrivals: Arrivals,
        applier: Applier,
        repairs: Repairs,
        holds: Holds,
        store: Store,
        publisher: Publisher,
        guard_drops: Callable[[], Mapping[str, int] | None],
        clock: Callable[[], float],
    ) -> None:
        self._farm = farm
        self._arrivals = arrivals
        self._applier = applier
        self._repairs = repairs
        self._holds = holds
        self._store = store
        self._publisher = publisher
        self._guard_drops = guard_drops
        self._clock = clock
        self._due = clock()
        self.last: dict[str, Any] = {}

    def turn(self) -> float:
        """Refresh the copy when it is due; seconds until then."""
        if self._clock() >= self._due:
            self._due = self._clock() + EVERY_S
            self.last = self.numbers()
        return self._due - self._clock()

    def numbers(self) -> dict[str, Any]:
        """Queues, jobs, states and what is out of reach."""
        return {
            "at": time.time(),
            "queues": {
                "places": _queue(self._arrivals.places),
                "applies": _queue(self._applier.queue),
            },
            "jobs": {"applies": self._applier.jobs, "repairs": self._repairs.jobs},
            "modems": dict(Counter(str(m.state) for m in self._farm.modems.values())),
            "present": sum(m.seen.present for m in self._farm.modems.values()),
            "over_quota": dict(Counter(m.quota for m in self._farm.modems.values() if m.quota)),
            "held": len(self._holds.active()),
            "database": self._store.reachable,
            "unwritten": self._store.pending,
            "snapshot_written": not self._publisher.failing,
            # Root alone may read nftables' counters: the look for drift does, once a minute.
            "guard_drops": self._guard_drops(),
        }

    def status(self) -> dict[str, Any]:
        """The numbers, and each modem and each device without a name."""
        now = self._clock()
        return self.numbers() | {
            "serials": {
                serial: {
                    "state": str(modem.state),
                    "for_s": round(now - modem.since, 1),
                    "reason": modem.seen.reason,
                    "remedy": modem.seen.remedy,
                    "usb_path": modem.seen.usb_path,
                    "slot": modem.place.slot if modem.place else None,
                    "hold": modem.hold.as_dict() if modem.hold else None,
                }
                for serial, modem in self._farm.modems.items()
            },
            "devices": {
                path: {
                    "state": str(standing.state),
                    "for_s": round(now - standing.since, 1),
                    "reason": standing.reason,
                    "remedy": standing.remedy,
                }
                for path, standing in self._arrivals.standings.items()
            },
        }


class GaugesFile(threading.Thread):
    """Writes the file as a whole, so that a reader sees an old or a new one."""

    def __init__(
        self,
        folder: Path,
        spool: Path,
        root: Path,
        worker: Callable[[], dict[str, Any]],
        stop: threading.Event,
    ) -> None:
        super().__init__(name="gauges", daemon=True)
        self._file = folder / FILE
        self._spool = spool
        self._root = root
        self._worker = worker
        self._stop_event = stop
        self._failed = False

    def run(self) -> None:
        """Write until stopped."""
        while True:
            self.write()
            if self._stop_event.wait(EVERY_S):
                return

    def write(self) -> None:
        """Write it now; a folder that is full or gone is told once."""
        text = json.dumps(self._worker() | process() | self._around(), separators=(",", ":"))
        fresh = self._file.with_name(f".{self._file.name}.new")
        try:
            fresh.write_text(text + "\n", encoding="ascii")
            fresh.replace(self._file)
            self._failed = False
        except OSError as error:
            log.log(logging.DEBUG if self._failed else logging.WARNING, "no gauges: %s", error)
            self._failed = True

    def _around(self) -> dict[str, Any]:
        files, size = spooled(self._spool)
        return {
            "written_at": time.time(),
            "spool": {"files": files, "bytes": size},
            "usb_over_current": over_current(self._root),
        }


def process() -> dict[str, Any]:
    """This process: descriptors, memory in bytes, seconds of CPU; and the host's load."""
    used = os.times()
    numbers: dict[str, Any] = {
        "pid": os.getpid(),
        "cpu_seconds": round(used.user + used.system, 2),
        "load": list(os.getloadavg()),
        "threads": threading.active_count(),
    }
    with contextlib.suppress(OSError):
        numbers["descriptors"] = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        numbers["rss_bytes"] = pages * _PAGE
    return numbers


def spooled(folder: Path) -> tuple[int, int]:
    """(files, bytes) that wait to be taken in."""
    files = size = 0
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                size += entry.stat(follow_symlinks=False).st_size
                files += 1
    return files, size


def over_current(root: Path) -> int:
    """How often the hubs' ports of this host have cut the power since boot (sysfs ABI)."""
    total = 0
    with contextlib.suppress(FileNotFoundError):  # a hub that vanishes while it is listed
        for counter in (root / "sys/bus/usb/devices").glob("*:1.0/*-port*/over_current_count"):
            with contextlib.suppress(OSError, ValueError):
                total += int(counter.read_text(encoding="ascii"))
    return total


def _queue(queue: KeyQueue) -> dict[str, Any]:
    oldest = queue.oldest()
    return {"length": len(queue), "oldest_s": None if oldest is None else round(oldest, 1)}
