# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m modemlab.bench.simulated_hosts DSN FIRST COUNT SECONDS PACE`: the registry traffic of
COUNT agents with 30 modems each, a thread and two connections for each.

Says `ready` when all have registered their modems, begins at a line on stdin, and prints the
milliseconds of each turn as JSON.
"""

from __future__ import annotations

import json
import select
import sys
import threading
import time
from datetime import UTC, datetime

from modemfarmd.registry.db import Database, connect
from modemfarmd.registry.history import BearerSpan, History, Sample
from modemfarmd.registry.model import Observation, Outcome
from modemfarmd.registry.modems import Host, Registry

MODEMS = 30
CHANNEL = "modem_change"


class Agent(threading.Thread):
    """What one agent says to the registry, and its LISTEN."""

    def __init__(self, dsn: str, number: int) -> None:
        super().__init__(daemon=True)
        self._number = number
        self._database = Database(dsn, "bench host")
        name = f"host{number}"
        self._registry = Registry(self._database, Host(name, MODEMS, 3127))
        self._history = History(self._database, name)
        self._listening = connect(dsn, "bench listen")
        with self._listening.cursor() as cursor:
            cursor.execute(f'LISTEN "{CHANNEL}"')
        self.serials = [f"86{number:04d}{n:09d}" for n in range(MODEMS)]
        self.milliseconds: list[float] = []
        self.until, self.pace = 0.0, 1.0

    def register(self) -> None:
        """All modems at once, as at a first start."""
        with self._database.transaction():
            for index, serial in enumerate(self.serials):
                self._registry.upsert(Observation(serial, present=True, usb_path=f"1-{index + 1}"))

    def run(self) -> None:
        """A turn at each `pace` seconds, spread over the hosts; between them hear the others."""
        due = time.monotonic() + self.pace * (self._number * 0.618 % 1)
        while due < self.until:
            self._hear(due)
            began = time.monotonic()
            self.turn()
            self.milliseconds.append((time.monotonic() - began) * 1000)
            due += self.pace

    def turn(self) -> None:
        """What a health turn of all modems writes, and the reading that follows a change."""
        now = datetime.now(UTC)
        radio = [{"serial": s, "signal": -70, "operator": "Lab", "registration": "registered"}
                 for s in self.serials]  # fmt: skip
        self._registry.record_radio(radio)
        self._registry.record(
            [Outcome(s, "online", "serving", None, None, "wwan0", "10.64.1.2")
             for s in self.serials]
        )  # fmt: skip
        self._history.record_samples(
            [Sample(s, now, -70.0, -95.0, -9.0, 12.0) for s in self.serials]
        )
        self._history.bearers([BearerSpan(s, "wwan0", "10.64.1.2", now) for s in self.serials])
        self._registry.modems()

    def _hear(self, until: float) -> None:
        while (left := until - time.monotonic()) > 0:
            if select.select([self._listening], [], [], left)[0]:
                self._listening.poll()
                self._listening.notifies.clear()


def main() -> int:
    """Register, wait for the word, run, print."""
    dsn, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    seconds, pace = float(sys.argv[4]), float(sys.argv[5])
    agents = [Agent(dsn, number) for number in range(first, first + count)]
    for agent in agents:
        agent.register()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for agent in agents:
        agent.until, agent.pace = time.monotonic() + seconds, pace
        agent.start()
    for agent in agents:
        agent.join()
    sys.stdout.write(json.dumps([ms for agent in agents for ms in agent.milliseconds]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
