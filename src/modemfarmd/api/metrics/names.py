# SPDX-License-Identifier: GPL-3.0-or-later
"""Every metric of ours: name, what it says, labels. Base units are in the names."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

PREFIX = "modemfarm_"
_MODEM = ("host", "serial")


@dataclass(frozen=True)
class Metric:
    """A gauge, or a counter where the name ends in _total."""

    name: str
    text: str
    labels: tuple[str, ...] = ()

    def family(self) -> GaugeMetricFamily | CounterMetricFamily:
        """To be filled."""
        kind = CounterMetricFamily if self.name.endswith("_total") else GaugeMetricFamily
        return kind(PREFIX + self.name.removesuffix("_total"), self.text, labels=self.labels)


METRICS = (
    # The registry: modems of all hosts that share the database.
    Metric("database_up", "1 when the registry answered this scrape"),
    Metric("modems", "Modems by state", ("host", "state")),
    Metric("modem_info", "1; what the modem is", (*_MODEM, "slot", "port", "model", "operator")),
    Metric("modem_up", "1 when requests through the modem's port are answered", _MODEM),
    Metric("modem_present", "1 when it is on the bus", _MODEM),
    Metric("modem_held", "1 when a person keeps the automatic off it", _MODEM),
    Metric("modem_rssi_dbm", "Received signal strength", _MODEM),
    Metric("modem_rsrp_dbm", "Reference signal received power (LTE)", _MODEM),
    Metric("modem_rsrq_db", "Reference signal received quality (LTE)", _MODEM),
    Metric("modem_sinr_db", "Signal to interference and noise (LTE)", _MODEM),
    Metric("modem_probe_age_seconds", "Since the modem last answered a look", _MODEM),
    Metric("modem_wan_address_age_seconds", "Since it has its WAN address", _MODEM),
    Metric("operations_running", "Actions of this API that have not ended"),
    # The agent of this host.
    Metric("agent_up", "1 when the agent wrote its numbers within a minute"),
    Metric("agent_status_age_seconds", "Since the agent wrote its numbers"),
    Metric("agent_database_up", "1 when the agent reaches the registry"),
    Metric("agent_snapshot_written", "1 when the snapshot on disk is as the farm is"),
    Metric("agent_unwritten_rows", "Rows that wait for the registry"),
    Metric("agent_modems", "Modems that the agent looks after, by state", ("state",)),
    Metric("agent_modems_present", "Modems on the bus"),
    Metric("agent_modems_held", "Modems that are held"),
    Metric(
        "agent_queue_length", "What waits: places to be asked, modems to be applied", ("queue",)
    ),
    Metric("agent_queue_oldest_seconds", "How long the oldest of it waits", ("queue",)),
    Metric("agent_jobs", "Jobs at the apply service", ("kind",)),
    Metric("agent_cpu_seconds_total", "Processor time of the agent"),
    Metric("agent_resident_memory_bytes", "Memory of the agent"),
    Metric("agent_open_fds", "Open descriptors of the agent"),
    Metric("agent_threads", "Threads of the agent"),
    Metric("guard_dropped_packets_total", "Packets that the guard dropped or refused", ("chain",)),
    Metric("spool_files", "Files of the log that wait to be taken in"),
    Metric("spool_bytes", "Their size"),
    Metric("usb_over_current_total", "Times that a port of a hub cut the power"),
    # This API.
    Metric("api_live_clients", "WebSockets that are open"),
    Metric("api_live_changes_total", "Changes told to WebSockets"),
    Metric("api_live_fresh", "1 when what WebSockets are told is as the registry says"),
    Metric("api_clients_turned_away_total", "Connections from addresses that are no clients"),
    Metric("api_certificate_expiry_timestamp_seconds", "When the TLS certificate ends"),
)
