# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm-agent [SETTINGS]`: wires the agent's parts and runs until SIGTERM."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from modemfarm.apply.sockets import owners, read_listeners
from modemfarm.at.session import LOCK_DIR
from modemfarm.errors import SettingsError, SnapshotError
from modemfarm.settings import DEFAULT_PATH, FarmSettings
from modemfarm.snapshot import DEFAULT_PATH as SNAPSHOT
from modemfarm.snapshot import read_snapshot, write_snapshot
from modemfarm.spool import FOLDER as SPOOL
from modemfarm.spool import SpoolFiles

from .. import logs
from ..registry.db import Database
from ..registry.logs import LogBook
from ..registry.modems import Host, Registry
from .applier import Applier
from .bus import Bus
from .client import SOCKET, request_apply, wake
from .events import Listener, Scan, UdevWatch
from .farm import Device, Farm
from .health import Health, look
from .identify import Identifier, ask
from .inbox import Inbox
from .intake import Intake
from .store import Store
from .systemd import Notifier
from .vitals import Vitals
from .worker import Worker

log = logging.getLogger("modemfarm.agent")

BEAT_S = 10.0  # a status line for systemd this often; the watchdog wants less than 30 s


@dataclass(frozen=True)
class Places:
    """Where the agent finds its world; tests point it elsewhere."""

    root: Path = Path("/")
    snapshot: Path = SNAPSHOT
    apply_socket: Path = SOCKET
    lock_dir: Path = LOCK_DIR
    spool: Path = SPOOL


class Agent:
    """All parts of one agent, wired."""

    def __init__(self, settings: FarmSettings, places: Places) -> None:
        self.stop = threading.Event()
        self._settings = settings
        self._places = places
        self._devices = places.root / "dev"
        self._bus = Bus(places.root)
        self._inbox = Inbox()
        farm = Farm()
        host = Host(settings.host, settings.slots, settings.port_base)
        registry = Registry(Database(settings.database, "modemfarm-agent"), host)
        busy = BusySlots(settings)
        self._store = Store(registry, time.monotonic, busy)
        applier = Applier(
            farm,
            self._store,
            self._inbox,
            partial(request_apply, path=places.apply_socket),
            _in_thread,
            time.monotonic,
        )
        self._vitals = Vitals(
            farm,
            self._store,
            self._inbox,
            applier.queue,
            lambda patient: self._health.request(patient),
        )
        self.worker = Worker(
            settings.host,
            self._bus,
            farm,
            self._store,
            self._inbox,
            applier,
            self._vitals,
            self._identify,
            partial(write_snapshot, path=places.snapshot),
            time.monotonic,
        )
        said = SpoolFiles(places.spool, longest=None)
        self._identifier = Identifier(
            self.worker.answered, self._devices, places.lock_dir, partial(ask, files=said)
        )
        book = LogBook(Database(settings.database, "modemfarm-agent log"), settings.host)
        self._intake = Intake(places.spool, said, book, self._event, self.stop)
        self._health = Health(
            self._vitals.roster,
            partial(
                look,
                address=settings.lan_address,
                url=settings.probe_url,
                devices=self._devices,
                lock_dir=places.lock_dir,
                files=said,
            ),
            self._vitals.reported,
            self.stop,
        )

    def name_path(self, path: str) -> None:
        """Something happened at a USB path."""
        self._inbox.name(path)

    def end(self) -> None:
        """Have `run` return soon."""
        self.stop.set()
        self._inbox.post(lambda: None)

    def _event(self, kind: str, detail: dict[str, object]) -> None:
        """From any thread: an event of the host."""
        self._inbox.post(lambda: self._store.event(kind, None, **detail))

    def _identify(self, device: Device) -> None:
        self._identifier.start(device.usb, device.devnum)

    def start(self) -> None:
        """Read what is known and start all threads."""
        wake(self._places.apply_socket)
        source = self._load()
        log.info("host %s, starting from %s", self._settings.host, source)
        UdevWatch(self._inbox.name, self.stop).start()
        Scan(self._bus, self._inbox.name, self.stop).start()
        Listener(
            self._settings.database, self.worker.name_serial, self.worker.name_all, self.stop
        ).start()
        self._intake.start()
        self._health.start()

    def _load(self) -> str:
        rows = self._store.rows()
        if rows is not None:
            self.worker.farm.load_rows(rows)
            return "the database"
        try:
            records = read_snapshot(self._places.snapshot).modems
        except SnapshotError as error:
            log.warning("%s", error)
            return "nothing"
        self.worker.farm.load_records(records, self._settings.port_base)
        return "the snapshot"

    def run(self, notifier: Notifier) -> None:
        """Work until `stop` is set."""
        self.start()
        self.worker.apply_all()
        notifier.ready(self.worker.status())
        self.worker.run(self.stop, Beat(notifier, time.monotonic))
        notifier.stopping()


class Beat:
    """Tells systemd the status when it changed, and that we live, every BEAT_S."""

    def __init__(self, notifier: Notifier, clock: Callable[[], float]) -> None:
        self._notifier = notifier
        self._clock = clock
        self._said = ""
        self._due = 0.0

    def __call__(self, status: str) -> None:
        if status != self._said or self._clock() >= self._due:
            self._said = status
            self._due = self._clock() + BEAT_S
            self._notifier.alive(status)


class BusySlots:
    """Slots whose port a foreign process holds; each is reported once."""

    def __init__(self, settings: FarmSettings) -> None:
        self._settings = settings
        self._reported: set[int] = set()

    def __call__(self) -> set[int]:
        listeners = read_listeners()
        busy = set()
        for number in range(1, self._settings.slots + 1):
            plan = self._settings.slot(number)
            ports = [plan.port] + ([plan.socks_port] if plan.socks_port else [])
            for port in ports:
                foreign = owners(listeners, self._settings.lan_address, port) - {plan.uid}
                if foreign:
                    busy.add(number)
                    self._report(number, port, min(foreign))
        self._reported &= busy
        return busy

    def _report(self, slot: int, port: int, uid: int) -> None:
        if slot not in self._reported:
            log.warning("slot %d is not given away: uid %d listens on port %d", slot, uid, port)
            self._reported.add(slot)


def _in_thread(task: Callable[[], None]) -> None:
    threading.Thread(target=task, name="apply", daemon=True).start()


def main() -> None:
    """Entry point of modemfarm-agent."""
    if len(sys.argv) > 2 or (len(sys.argv) == 2 and sys.argv[1].startswith("-")):
        sys.stderr.write("usage: modemfarm-agent [SETTINGS]\n")
        sys.exit(2)
    logs.setup(os.environ.get("MODEMFARM_LOG", "INFO"))
    try:
        settings = FarmSettings.load(Path(sys.argv[1]) if len(sys.argv) == 2 else DEFAULT_PATH)
    except SettingsError as error:
        sys.stderr.write(f"modemfarm-agent: {error}\n")
        sys.exit(2)
    agent = Agent(settings, Places())
    for number in (signal.SIGTERM, signal.SIGINT):
        # Not from the handler itself: it may interrupt the very code that holds the inbox.
        signal.signal(number, lambda *_: _in_thread(agent.end))
    agent.run(Notifier())


if __name__ == "__main__":
    main()
