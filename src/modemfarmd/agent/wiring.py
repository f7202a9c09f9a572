# SPDX-License-Identifier: GPL-3.0-or-later
"""One whole agent: the worker's parts, the threads that wake it, and how they start and end."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from modemfarm.at.permit import Role
from modemfarm.dialogue import PORT_WAIT_S
from modemfarm.errors import SnapshotError
from modemfarm.settings import FarmSettings
from modemfarm.snapshot import ModemRecord, read_snapshot
from modemfarm.spool import SpoolFiles
from modemfarm.tasks.at import speak
from modemfarm.tasks.common import Here

from ..line.server import LineServer, check_member, listen
from ..registry.db import Database
from ..registry.logs import LogBook
from ..registry.retention import Keep
from ..registry.volumes import Volume, VolumeBook
from .address_watch import AddressWatch
from .chronicle import Chronicle
from .client import wake
from .control import GROUP, SOCKET, Control
from .deeds import Deeds
from .events import Listener, Scan, UdevWatch
from .farm import Device
from .gauges import GaugesFile, process
from .health import Health
from .identify import Identifier, ask
from .intake import Intake
from .look import Looker
from .mm_watch import MmWatch
from .parts import Parts, utc_now
from .places import Places
from .schema_gate import SchemaGate
from .sim_entry import SimEntry
from .store import UNUSABLE
from .systemd import Beat, Notifier

log = logging.getLogger("modemfarm.agent")


class Agent:
    """See the module's text."""

    def __init__(self, settings: FarmSettings, places: Places) -> None:
        self.stop = threading.Event()
        self._settings = settings
        self._places = places
        self._said = SpoolFiles(places.spool, longest=None)
        self.parts = Parts(
            settings, places, self._identify, lambda patient: self._health.request(patient)
        )
        self._identifier = Identifier(
            self.parts.worker.answered,
            places.root / "dev",
            places.lock_dir,
            partial(ask, files=self._said, sims=SimEntry(held=self.parts.holds.of)),
        )
        self._health = self._make_health()

    def name_path(self, path: str) -> None:
        """Something happened at a USB path."""
        self.parts.inbox.name(path)

    def end(self) -> None:
        """Have `run` return soon."""
        self.stop.set()
        self.parts.inbox.post(lambda: None)

    def run(self, notifier: Notifier) -> None:
        """Work until `stop` is set."""
        self.start()
        worker = self.parts.worker
        worker.apply_all()
        notifier.ready(worker.status())
        worker.run(self.stop, Beat(notifier, time.monotonic))
        self.parts.quotas.close()
        notifier.stopping()

    def start(self) -> None:
        """Read what is known and start all threads."""
        wake(self._places.apply_socket)
        source = self._load()
        log.info("host %s, starting from %s", self._settings.host, source)
        self.parts.gauges.turn()
        for thread in [*self._sources(), *self._writers(), *self._control()]:
            thread.start()
        self._health.start()

    def _sources(self) -> list[threading.Thread]:
        """What wakes the worker."""
        settings, inbox, worker = self._settings, self.parts.inbox, self.parts.worker
        return [
            UdevWatch(inbox.name, self.stop),
            Scan(self.parts.bus, inbox.name, self.stop),
            Listener(settings.database, worker.name_serial, worker.name_all, self.stop),
            MmWatch(self._modemmanager, self.stop, self._places.system_bus),
            AddressWatch(worker.interface_changed, self.stop),
        ]

    def _writers(self) -> list[threading.Thread]:
        """What writes beside the worker, over connections of its own."""
        settings, places = self._settings, self._places
        logs = Database(settings.database, "modemfarm-agent log")
        book = LogBook(logs, settings.host)
        keep = Keep(settings.keep_logs_days, settings.keep_samples_days, settings.keep_events_days)
        return [
            Intake(places.spool, self._said, book, self._event, self.stop, SchemaGate(logs)),
            Chronicle(
                self.parts.history,
                settings.host,
                self.parts.ledger,
                self.stop,
                keep,
                also=self.parts.repair_log.turn,
            ),
            GaugesFile(
                places.run, places.spool, places.root, lambda: self.parts.gauges.last, self.stop
            ),
        ]

    def _control(self) -> list[threading.Thread]:
        """The control socket; an agent that cannot have one keeps the farm all the same."""
        control = Control(
            self.parts.inbox,
            self.parts.holds,
            lambda: self.parts.gauges.status() | process() | {"drift": self.parts.drift.last},
            self.parts.worker.resync_soon,
            self.parts.worker.apply_some,
            self.parts.store.event,
            utc_now,
            self._deeds(),
            quotas=self.parts.quotas,
        )
        try:
            listener = listen(self._places.run / SOCKET, GROUP)
        except OSError as error:
            log.error("no control socket in %s: %s", self._places.run, error)
            return []
        check = partial(check_member, group=GROUP)
        return [LineServer(listener, control.answer, check, self.stop)]

    def _deeds(self) -> Deeds:
        places, parts = self._places, self.parts
        here = Here(root=places.root, lock_dir=places.lock_dir, spool=places.spool)

        def command(
            serial: str, text: str, role: Role, by: str, correlation: str
        ) -> dict[str, Any]:
            said = speak(serial, [text], role, replace(here, actor=by), PORT_WAIT_S, correlation)
            return dict(said["answers"][0])

        return Deeds(
            parts.farm, parts.repairs, command, parts.store.event, parts.repair_log.add, utc_now
        )

    def _make_health(self) -> Health:
        settings, places, vitals = self._settings, self._places, self.parts.vitals
        return Health(
            vitals.roster,
            self.parts.caretaker.suspects,
            Looker(
                settings.lan_address,
                settings.probe_url,
                settings.second_probe_url,
                devices=places.root / "dev",
                lock_dir=places.lock_dir,
                files=self._said,
            ),
            vitals.reported,
            self.stop,
        )

    def _load(self) -> str:
        """What is known: slots from the registry if it answers, holds from the file in any case."""
        records = self._records()
        rows = self.parts.store.rows()
        if rows is not None:
            self.parts.farm.load_rows(rows)
        elif records:
            self.parts.farm.load_records(records, self._settings.port_base)
        if records is not None:
            self.parts.holds.load(records)
        self.parts.quotas.load(records or (), self._volumes_since)
        self.parts.caretaker.remember(self.parts.repair_file.read())
        if rows is not None:
            return "the database"
        return "the snapshot" if records else "nothing"

    def _volumes_since(self, day: date) -> list[Volume]:
        """What the registry has, where our own file is lost."""
        try:
            return VolumeBook(self.parts.history, self._settings.host).since(day)
        except UNUSABLE as error:
            log.warning("no volumes of this month are known: %s", error)
            return []

    def _records(self) -> tuple[ModemRecord, ...] | None:
        try:
            records = read_snapshot(self._places.snapshot).modems
        except SnapshotError as error:
            log.warning("%s", error)
            return None
        self.parts.publisher.on_disk(records)
        return records

    def _event(self, kind: str, detail: dict[str, object]) -> None:
        """From any thread: an event of the host."""
        self.parts.inbox.post(lambda: self.parts.store.event(kind, None, **detail))

    def _modemmanager(self, owner: str) -> None:
        """From its watch: it came or went. What it did to the modems is seen by comparing."""
        self._event("modemmanager-there" if owner else "modemmanager-gone", {"owner": owner})
        self.parts.worker.name_all()
        self.parts.inbox.post(self.parts.drift.soon)

    def _identify(self, device: Device) -> None:
        self._identifier.start(device.usb, device.devnum)
