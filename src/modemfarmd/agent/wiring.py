# SPDX-License-Identifier: GPL-3.0-or-later
"""All parts of one agent, put together and started."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from modemfarm.at.session import LOCK_DIR
from modemfarm.errors import SnapshotError
from modemfarm.modem_lock import FOLDER as MODEM_LOCKS
from modemfarm.modem_lock import is_held
from modemfarm.settings import FarmSettings
from modemfarm.snapshot import DEFAULT_PATH as SNAPSHOT
from modemfarm.snapshot import ModemRecord, read_snapshot, write_snapshot
from modemfarm.spool import FOLDER as SPOOL
from modemfarm.spool import SpoolFiles

from ..registry.db import Database
from ..registry.logs import LogBook
from ..registry.modems import Host, Registry
from .applier import Applier
from .arrivals import Arrivals
from .bus import Bus
from .busy_slots import BusySlots
from .client import SOCKET, request_apply, wake
from .events import Listener, Scan, UdevWatch
from .farm import Device, Farm
from .health import Health, look
from .holds import Holds
from .identify import Identifier, ask
from .inbox import Inbox
from .intake import Intake
from .publisher import Publisher
from .store import Store
from .systemd import Beat, Notifier
from .vitals import Vitals
from .worker import Worker

log = logging.getLogger("modemfarm.agent")


@dataclass(frozen=True)
class Places:
    """Where the agent finds its world; tests point it elsewhere."""

    root: Path = Path("/")
    snapshot: Path = SNAPSHOT
    apply_socket: Path = SOCKET
    lock_dir: Path = LOCK_DIR
    spool: Path = SPOOL
    run: Path = Path("/run/modemfarm")
    modem_locks: Path = MODEM_LOCKS


class Agent:
    """See the module's text."""

    def __init__(self, settings: FarmSettings, places: Places) -> None:
        self.stop = threading.Event()
        self._settings = settings
        self._places = places
        self._bus = Bus(places.root)
        self._inbox = Inbox()
        self._farm = Farm(time.monotonic)
        self._said = SpoolFiles(places.spool, longest=None)
        self._store = self._make_store()
        self._publisher = Publisher(
            settings.host,
            self._farm,
            self._store,
            partial(write_snapshot, path=places.snapshot),
            time.monotonic,
        )
        self._applier = Applier(
            self._farm,
            self._store,
            self._inbox,
            partial(request_apply, path=places.apply_socket),
            in_thread,
            time.monotonic,
            self._publisher.ready,
        )
        self._holds = Holds(self._farm, self._store, self._publisher, self._applier, utc_now)
        self._arrivals = Arrivals(
            self._bus, self._store, self._identify, self._is_our_doing, time.monotonic
        )
        self._vitals = Vitals(
            self._farm,
            self._store,
            self._inbox,
            self._applier.queue,
            lambda patient: self._health.request(patient),
        )
        self.worker = Worker(
            self._farm,
            self._arrivals,
            self._store,
            self._inbox,
            self._publisher,
            self._applier,
            self._holds,
            self._vitals,
            time.monotonic,
        )
        self._identifier = Identifier(
            self.worker.answered,
            places.root / "dev",
            places.lock_dir,
            partial(ask, files=self._said),
        )
        self._health = self._make_health()

    def _make_store(self) -> Store:
        settings = self._settings
        host = Host(settings.host, settings.slots, settings.port_base)
        registry = Registry(Database(settings.database, "modemfarm-agent"), host)
        return Store(registry, time.monotonic, BusySlots(settings))

    def _make_health(self) -> Health:
        settings, places = self._settings, self._places
        return Health(
            self._vitals.roster,
            partial(
                look,
                address=settings.lan_address,
                url=settings.probe_url,
                devices=places.root / "dev",
                lock_dir=places.lock_dir,
                files=self._said,
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

    def run(self, notifier: Notifier) -> None:
        """Work until `stop` is set."""
        self.start()
        self.worker.apply_all()
        notifier.ready(self.worker.status())
        self.worker.run(self.stop, Beat(notifier, time.monotonic))
        notifier.stopping()

    def start(self) -> None:
        """Read what is known and start all threads."""
        wake(self._places.apply_socket)
        source = self._load()
        log.info("host %s, starting from %s", self._settings.host, source)
        for thread in self._threads():
            thread.start()
        self._health.start()

    def _threads(self) -> list[threading.Thread]:
        settings = self._settings
        book = LogBook(Database(settings.database, "modemfarm-agent log"), settings.host)
        return [
            UdevWatch(self._inbox.name, self.stop),
            Scan(self._bus, self._inbox.name, self.stop),
            Listener(settings.database, self.worker.name_serial, self.worker.name_all, self.stop),
            Intake(self._places.spool, self._said, book, self._event, self.stop),
        ]

    def _load(self) -> str:
        """What is known: slots from the registry if it answers, holds from the file in any case."""
        records = self._records()
        rows = self._store.rows()
        if rows is not None:
            self._farm.load_rows(rows)
        elif records:
            self._farm.load_records(records, self._settings.port_base)
        self._holds.load(records)
        if rows is not None:
            return "the database"
        return "the snapshot" if records else "nothing"

    def _records(self) -> tuple[ModemRecord, ...]:
        try:
            records = read_snapshot(self._places.snapshot).modems
        except SnapshotError as error:
            log.warning("%s", error)
            return ()
        self._publisher.on_disk(records)
        return records

    def _event(self, kind: str, detail: dict[str, object]) -> None:
        """From any thread: an event of the host."""
        self._inbox.post(lambda: self._store.event(kind, None, **detail))

    def _identify(self, device: Device) -> None:
        self._identifier.start(device.usb, device.devnum)

    def _is_our_doing(self, serial: str) -> bool:
        """Somebody's repair or reset makes the modem restart; an apply of ours does not."""
        modem = self._farm.modems.get(serial)
        if modem is not None and modem.repairing:
            return True
        return is_held(serial, self._places.modem_locks) and not self._applier.is_applying(serial)


def in_thread(task: Callable[[], None]) -> None:
    """Run `task` in a thread that nobody waits for."""
    threading.Thread(target=task, name="apply", daemon=True).start()


def utc_now() -> datetime:
    """The time of the wall clock."""
    return datetime.now(UTC)
