# SPDX-License-Identifier: GPL-3.0-or-later
"""/metrics: who may read it, what is in it, and that alerts and dashboard ask for nothing else."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families as parse
from starlette.testclient import TestClient

from modemfarm.errors import InvalidValueError
from modemfarmd.api.metrics.names import METRICS, PREFIX
from modemfarmd.api.settings import ApiSettings

from .world import Make, World, serial

ROOT = Path(__file__).parents[4]
NAME = re.compile(r"\bmodemfarm_[a-z_]+")
UNITS = ("_seconds", "_bytes", "_dbm", "_db", "_total")
STATUS = {
    "written_at": 0.0, "database": True, "unwritten": 3, "snapshot_written": True, "present": 2,
    "held": 1, "modems": {"serving": 2}, "jobs": {"applies": 1, "repairs": 0},
    "queues": {"places": {"length": 0, "oldest_s": None},
               "applies": {"length": 4, "oldest_s": 7.5}},
    "guard_drops": {"output": 9, "to_proxy": 12}, "spool": {"files": 2, "bytes": 2048},
    "usb_over_current": 1, "cpu_seconds": 12.5, "rss_bytes": 50_000_000, "descriptors": 30,
    "threads": 9,
}  # fmt: skip


def scraped(world: World, headers: dict[str, str]) -> dict[str, dict[tuple[str, ...], float]]:
    """{sample: {label values in order of label: value}}."""
    answer = world.client.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in parse(answer.text):
        for sample in family.samples:
            values = tuple(sample.labels[name] for name in sorted(sample.labels))
            found.setdefault(sample.name, {})[values] = sample.value
    return found


def full(make_world: Make, tmp_path: Path, **changes: Any) -> World:
    """A world in which everything can be measured."""
    from .test_serving import certificate

    world = make_world(agent=tmp_path / "agent.sock", **changes)
    certificate(world.settings.state)
    write(tmp_path, STATUS | {"written_at": time.time() - 4})
    world.modem(1, path="/dev/modems/1")
    world.statement(
        "UPDATE modems SET status = 'online', state = 'serving', operator = E'a\"b\\n{evil}',"
        " wan_address = '10.64.1.2', interface = 'wwan0'"
    )
    world.statement(
        "INSERT INTO signal_samples (serial, at, host, rssi_dbm, rsrp_dbm, rsrq_db, sinr_db)"
        " SELECT serial, now() - interval '1 minute', host, -61, -95, -11, 13.5 FROM modems"
    )
    world.statement(
        "INSERT INTO bearers (host, serial, interface, address, since)"
        " SELECT host, serial, 'wwan0', '10.64.1.2', now() - interval '1 hour' FROM modems"
    )
    world.statement(
        "INSERT INTO holds (host, serial, until, placed_by, reason)"
        " SELECT host, serial, now() + interval '1 hour', 'cli:x', 'x' FROM modems"
    )
    return world


def write(folder: Path, document: object) -> None:
    (folder / "agent-status.json").write_text(json.dumps(document))


def test_closed_by_default_and_open_to_tokens_of_the_whole_farm(world: World) -> None:
    assert world.client.get("/metrics").status_code == 401
    assert world.client.get("/metrics", headers=world.program("prom")).status_code == 200
    some = world.program("some", "viewer", [serial(1)])
    assert world.client.get("/metrics", headers=some).status_code == 403


def test_open_to_networks_of_the_settings(make_world: Make) -> None:
    settings = ApiSettings.from_dict(
        {"version": 1, "certificate": "/c", "private_key": "/k", "metrics_clients": ["10.9.0.0/24"]}
    )
    world = make_world(metrics_clients=settings.metrics_clients)
    for address, status in (("10.9.0.7", 200), ("10.9.1.7", 401), ("unknown", 401)):
        client = TestClient(world.app, client=(address, 50000))
        assert client.get("/metrics").status_code == status
        assert client.get("/api/modems").status_code == 401
        wrong = {"Authorization": "Bearer x"}
        assert client.get("/metrics", headers=wrong).status_code == 401
    for bad in ("10.9.0.1/24", "x", ["10.0.0.0/99"], [7]):
        with pytest.raises(InvalidValueError, match="metrics_clients"):
            ApiSettings.from_dict(
                {"version": 1, "certificate": "/c", "private_key": "/k", "metrics_clients": bad}
            )


def test_what_is_measured(make_world: Make, tmp_path: Path) -> None:
    world = full(make_world, tmp_path)
    found = scraped(world, world.program("prom"))
    who = ("lab", serial(1))
    for name, value in (("up", 1), ("rssi_dbm", -61), ("rsrp_dbm", -95), ("rsrq_db", -11),
                        ("sinr_db", 13.5), ("held", 1), ("present", 1)):  # fmt: skip
        assert found[f"modemfarm_modem_{name}"] == {who: value}, name
    assert 60 <= found["modemfarm_modem_probe_age_seconds"][who] < 120
    assert 3600 <= found["modemfarm_modem_wan_address_age_seconds"][who] < 3700
    states = found["modemfarm_modems"]
    assert states["lab", "serving"] == 1
    assert states["lab", "failed"] == 0
    assert found["modemfarm_guard_dropped_packets_total"] == {("output",): 9, ("to_proxy",): 12}
    assert found["modemfarm_agent_queue_length"] == {("places",): 0, ("applies",): 4}
    assert found["modemfarm_agent_queue_oldest_seconds"] == {("applies",): 7.5}
    assert found["modemfarm_agent_up"] == {(): 1}
    assert 4 <= found["modemfarm_agent_status_age_seconds"][()] < 60
    ends = found["modemfarm_api_certificate_expiry_timestamp_seconds"][()]
    assert 0 < ends - time.time() <= 86400
    assert found["modemfarm_api_process_resident_memory_bytes"][()] > 1e6
    [labels] = found["modemfarm_modem_info"]
    assert "\n" not in "".join(labels)


def test_every_metric_is_exported_and_has_its_unit(make_world: Make, tmp_path: Path) -> None:
    world = full(make_world, tmp_path)
    found = scraped(world, world.program("prom"))
    assert {PREFIX + metric.name for metric in METRICS} <= set(found)
    for name in found:
        assert name.startswith(PREFIX), name
        if any(unit in name for unit in ("second", "byte", "dbm")):
            assert name.endswith(UNITS), name


def test_alerts_and_dashboard_ask_for_what_is_exported(make_world: Make, tmp_path: Path) -> None:
    world = full(make_world, tmp_path)
    exported = set(scraped(world, world.program("prom")))
    rules = yaml.safe_load((ROOT / "monitoring/alerts.yml").read_text())["groups"][0]["rules"]
    assert len({rule["alert"] for rule in rules}) == len(rules) >= 10
    asked = set()
    for rule in rules:
        names = set(NAME.findall(rule["expr"]))
        assert names or "up{" in rule["expr"], rule["alert"]
        assert rule["labels"]["severity"] in ("info", "warning", "critical")
        assert set(rule["annotations"]) == {"summary", "remedy"}
        asked |= names
    panels = json.loads((ROOT / "monitoring/dashboard.json").read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        for target in panel["targets"]:
            names = set(NAME.findall(target["expr"]))
            assert names, panel["title"]
            asked |= names
    assert asked - exported == set()


def test_what_is_away_is_left_out(make_world: Make, tmp_path: Path, server: Any) -> None:
    world = full(make_world, tmp_path, metrics_clients=ApiSettings.from_dict(
        {"version": 1, "certificate": "/c", "private_key": "/k", "metrics_clients": ["0.0.0.0/0"]}
    ).metrics_clients)  # fmt: skip
    world.client = TestClient(world.app, client=("10.9.0.7", 50000))
    for said in ("{", "[]", '{"written_at": "x"}', '{"written_at": 5, "queues": 7}'):
        (tmp_path / "agent-status.json").write_text(said)
        found = scraped(world, {})
        assert found["modemfarm_agent_up"] == {(): 0}
        assert "modemfarm_agent_queue_length" not in found
    (tmp_path / "agent-status.json").unlink()
    server.stop()
    try:
        found = scraped(world, {})
    finally:
        server.start()
    assert found["modemfarm_agent_up"] == {(): 0}
    assert found["modemfarm_database_up"] == {(): 0}
    assert not any(name.startswith("modemfarm_modem") for name in found)
    world.owner.close()
