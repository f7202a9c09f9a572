# SPDX-License-Identifier: GPL-3.0-or-later
"""One scrape: what the registry, the agent's file and this process say, each where it can be had.

A part that is away leaves its metrics out, and its `_up` is 0: an old number is no number.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from modemfarm.errors import FarmError

from ...agent.gauges import FILE
from ...agent.states import State
from ...registry.db import Row
from ...registry.measure import MeasureReader
from ...text import printable
from ..parts import Parts
from .names import METRICS, PREFIX

log = logging.getLogger("modemfarm.api")

ALIVE_S = 60.0  # the agent writes every 10 s
MOST_BYTES = 1_000_000
_POWERS = ("rssi_dbm", "rsrp_dbm", "rsrq_db", "sinr_db")
# Field of the agent's file: metric.
_AGENT = {
    "database": "agent_database_up",
    "snapshot_written": "agent_snapshot_written",
    "unwritten": "agent_unwritten_rows",
    "present": "agent_modems_present",
    "held": "agent_modems_held",
    "cpu_seconds": "agent_cpu_seconds_total",
    "rss_bytes": "agent_resident_memory_bytes",
    "descriptors": "agent_open_fds",
    "threads": "agent_threads",
    "usb_over_current": "usb_over_current_total",
}

Add = Callable[..., None]


def scrape(parts: Parts) -> bytes:
    """All metrics in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Scrape(parts))
    ProcessCollector(namespace=f"{PREFIX}api", registry=registry)
    return generate_latest(registry)


class Scrape(Collector):
    """Collects once."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._now = parts.now().timestamp()
        self._families = {metric.name: metric.family() for metric in METRICS}
        self._there: set[str] = set()

    def collect(self) -> Iterator[Family]:
        """Those that have a value."""
        self._registry()
        self._agent()
        self._api()
        yield from (self._families[name] for name in self._families if name in self._there)

    def _add(self, name: str, value: float | None, *labels: object) -> None:
        if value is None:
            return
        words = [printable(str(label if label is not None else ""), 80) for label in labels]
        self._families[name].add_metric(words, float(value))
        self._there.add(name)

    def _registry(self) -> None:
        farm = self._parts.farm
        try:
            with self._parts.pool.database() as database:
                reader = MeasureReader(database)
                rows, running = reader.modems(), reader.running(farm.host)
        except FarmError as error:
            log.info("scrape without the registry: %s", error.message)
            self._add("database_up", 0)
            return
        self._add("database_up", 1)
        self._add("operations_running", running)
        states = Counter({(farm.host, state.value): 0 for state in State})
        states.update((row["host"], row["state"]) for row in rows)
        for (host, state), count in states.items():
            self._add("modems", count, host, state)
        for row in rows:
            self._modem(row)

    def _modem(self, row: Row) -> None:
        who = (row["host"], row["serial"])
        self._add("modem_info", 1, *who, row["slot"], row["proxy_port"], row["model"],
                  row["operator"])  # fmt: skip
        self._add("modem_up", row["status"] == "online", *who)
        self._add("modem_present", row["present"], *who)
        self._add("modem_held", row["held"], *who)
        for name in _POWERS:
            self._add(f"modem_{name}", row[name], *who)
        self._add("modem_probe_age_seconds", self._age(row["sampled_at"]), *who)
        self._add("modem_wan_address_age_seconds", self._age(row["wan_since"]), *who)

    def _age(self, at: datetime | None) -> float | None:
        return None if at is None else max(0.0, self._now - at.timestamp())

    def _agent(self) -> None:
        said = read_status(self._parts.settings.agent.with_name(FILE))
        age = None if said is None else max(0.0, self._now - said["written_at"])
        self._add("agent_up", age is not None and age <= ALIVE_S)
        if said is None or age is None:
            return
        self._add("agent_status_age_seconds", age)
        if age > ALIVE_S:
            return
        for field, name in _AGENT.items():
            self._add(name, _number(said.get(field)))
        for name in ("length", "oldest_s"):
            metric = f"agent_queue_{name.replace('_s', '_seconds')}"
            for queue, found in _object(said, "queues").items():
                self._add(metric, _number(_object({"q": found}, "q").get(name)), queue)
        for field, metric in (
            ("jobs", "agent_jobs"), ("modems", "agent_modems"),
            ("guard_drops", "guard_dropped_packets_total"),
        ):  # fmt: skip
            for label, value in _object(said, field).items():
                self._add(metric, _number(value), label)
        spool = _object(said, "spool")
        self._add("spool_files", _number(spool.get("files")))
        self._add("spool_bytes", _number(spool.get("bytes")))

    def _api(self) -> None:
        live = self._parts.live.hub
        self._add("api_live_clients", len(live.clients()))
        self._add("api_live_changes_total", live.seq)
        self._add("api_live_fresh", live.fresh)
        self._add("api_clients_turned_away_total", self._parts.turned_away())
        self._add(
            "api_certificate_expiry_timestamp_seconds",
            certificate_end(self._parts.settings.certificate),
        )


def read_status(path: Path) -> dict[str, Any] | None:
    """What the agent wrote; None when that is not there or cannot be read."""
    try:
        with path.open("rb") as stream:
            said = json.loads(stream.read(MOST_BYTES))
        said["written_at"] = float(said["written_at"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.debug("no numbers of the agent: %s", error)
        return None
    return dict(said)


def certificate_end(path: Path) -> float | None:
    """When it ends, in seconds of the epoch; None when it cannot be read."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc.timestamp()
    except (OSError, ValueError):
        return None


def _object(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = said.get(name)
    return value if isinstance(value, dict) else {}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
