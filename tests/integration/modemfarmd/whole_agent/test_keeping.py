# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole agent and what it must survive: holds, another schema, hanging servers, a twin."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from modemfarm.snapshot import read_snapshot
from modemfarmd.agent.wiring import Agent
from modemfarmd.line.client import BadInputError, ask
from modemfarmd.registry.db import Database
from modemfarmd.registry.history import History
from modemfarmd.registry.holds import HoldBook
from modemfarmd.registry.hosts import HostBook

from .world import WAIT_S, PtyModem, World, serial

WHO = "modemfarm-agent"


def wait_for(reached: Callable[[], Any], seconds: float = WAIT_S) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := reached()):
        assert time.monotonic() < deadline, "not reached"
        time.sleep(0.05)
    return found


@pytest.fixture
def serving(world: World, start: Callable[[], Agent]) -> World:
    start()
    world.plug("1-1", 0, PtyModem(1))
    world.until(lambda rows: rows.get(serial(1), {}).get("state") == "serving")
    return world


def hold(folder: Path, number: int = 1, **span: float) -> dict[str, Any]:
    until = (datetime.now(UTC) + timedelta(**span)).isoformat()
    asked = {"verb": "hold", "serial": serial(number), "until": until, "reason": "new antenna"}
    return ask(folder / "agent.sock", {**asked, "by": "cli:alice"}, 30, WHO)


def kinds(world: World) -> list[str]:
    return [event["kind"] for event in world.registry.events(None, 100)]


def test_a_hold_is_on_disk_when_it_is_answered_and_in_the_registry(
    serving: World, short_path: Path, dsn: str
) -> None:
    said = hold(short_path, hours=2)
    (record,) = read_snapshot(serving.root / "modems.json").modems
    assert record.hold is not None
    assert record.hold.as_dict() == said["hold"]
    row = serving.until(lambda rows: rows[serial(1)]["state"] == "held")[serial(1)]
    assert row["wan_address"] == "10.64.1.2"  # it serves on
    book = HoldBook(Database(dsn), "lab")
    assert book.active(datetime.now(UTC))[serial(1)].by == "cli:alice"
    with pytest.raises(BadInputError, match=serial(7)):
        hold(short_path, 7, hours=2)
    ask(short_path / "agent.sock", {"verb": "release", "serial": serial(1)}, 30, WHO)
    serving.until(lambda rows: rows[serial(1)]["state"] == "serving")
    wait_for(lambda: not book.active(datetime.now(UTC)))
    assert {"held", "released", "request-refused"} <= set(kinds(serving))


def test_a_hold_survives_agents_and_ends_by_itself(
    world: World, start: Callable[[], Agent], short_path: Path
) -> None:
    first = start()
    world.plug("1-1", 0, PtyModem(1))
    world.until(lambda rows: rows.get(serial(1), {}).get("state") == "serving")
    hold(short_path, seconds=8)
    first.end()
    world.agent = None
    start()
    world.until(lambda rows: rows[serial(1)]["state"] == "serving")
    wait_for(lambda: "hold-expired" in kinds(world))
    assert read_snapshot(world.root / "modems.json").modems[0].hold is None


def test_status_and_gauges_say_how_it_is(serving: World, short_path: Path) -> None:
    said = ask(short_path / "agent.sock", {"verb": "status"}, 30, WHO)["status"]
    assert said["serials"][serial(1)]["state"] == "serving"
    assert said["modems"] == {"serving": 1}
    assert said["database"] is True
    file = json.loads((short_path / "agent-status.json").read_text())
    assert file["pid"] == os.getpid()
    assert file["rss_bytes"] > 1_000_000
    assert file["descriptors"] > 3
    assert {"queues", "jobs", "load", "spool", "usb_over_current"} <= file.keys()


def test_the_history_is_written_beside(serving: World, dsn: str) -> None:
    history, hosts = History(Database(dsn), "lab"), HostBook(Database(dsn), "lab")
    place = wait_for(lambda: history.places_of(serial(1), 5), 30)
    assert [span.usb_path for span in place] == ["1-1"]
    bearers = wait_for(lambda: history.bearers_of(serial(1), 5), 30)
    assert (bearers[0].interface, bearers[0].address) == ("wwan0", "10.64.1.2")
    assert history.sims_of(serial(1), 5)[0].iccid == "8949000000000000001"
    samples = wait_for(
        lambda: history.samples_of(serial(1), datetime.now(UTC) - timedelta(hours=1)), 30
    )
    assert samples[0].rssi_dbm == -73
    assert [row["name"] for row in hosts.all()] == ["lab"]


def test_a_schema_that_is_newer_is_left_alone(
    world: World, start: Callable[[], Agent], dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It goes on from its snapshot and writes nothing, and it comes back by itself."""
    first = start()
    modem = PtyModem(1)
    world.plug("1-1", 0, modem)
    world.until(lambda rows: rows.get(serial(1), {}).get("state") == "serving")
    first.end()
    world.agent = None
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO schema_migrations (version, name) VALUES (999, 'x')")
    connection.close()
    before = len(world.applied), len(kinds(world))
    start()
    world.unplug("1-1")
    world.plug("1-2", 1, modem)
    wait_for(lambda: len(world.applied) > before[0])
    wait_for(lambda: read_snapshot(world.root / "modems.json").modems[0].usb_path == "1-2")
    assert world.rows()[serial(1)]["usb_path"] == "1-1"
    assert len(kinds(world)) == before[1]
    assert "newer than this program" in caplog.text
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM schema_migrations WHERE version = 999")
    connection.close()
    world.until(lambda rows: rows[serial(1)]["usb_path"] == "1-2")


@contextmanager
def stopped(pids: list[int]) -> Iterator[None]:
    """Processes that stand still: they neither answer nor end."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_a_server_that_hangs_blocks_the_agent_for_seconds_only(
    world: World, start: Callable[[], Agent], dsn: str, short_path: Path
) -> None:
    agent = start()
    world.plug("1-1", 0, PtyModem(1))
    world.until(lambda rows: rows.get(serial(1), {}).get("state") == "serving")
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'modemfarm-agent'"
        )
        backends = [row[0] for row in cursor.fetchall()]
    connection.close()
    applied = len(world.applied)
    assert backends
    with stopped(backends):
        begun = time.monotonic()
        world.unplug("1-1")
        # An apply does not need the database: it begins when the worker has given up waiting.
        wait_for(lambda: len(world.applied) > applied, 30)
        assert ask(short_path / "agent.sock", {"verb": "status"}, 30, WHO)["ok"]
        assert time.monotonic() - begun < 25
    assert not agent.stop.is_set()
    world.until(lambda rows: rows[serial(1)]["state"] == "offline")


SECOND = """
import sys
from pathlib import Path
from modemfarm.settings import FarmSettings
from modemfarm.errors import FarmError
from modemfarmd.agent import main
from modemfarmd.agent.places import Places
main.LOCK_WAIT_S = 0.3
folder = Path(sys.argv[1])
settings = FarmSettings.load(folder / "farm.json")
try:
    places = [folder, folder / "m.json", folder / "a", folder, folder / "spool", folder]
    main.run_alone(settings, Places(*places))
except FarmError as error:
    sys.exit(f"refused: {error}")
"""


def test_two_agents_do_not_run_at_once(short_path: Path) -> None:
    settings = {
        "version": 1, "host": "lab", "engine": "threeproxy", "lan_address": "127.0.0.1",
        "lan_interface": "lo", "clients": ["127.0.0.0/8"], "nameservers": ["203.0.113.53"],
        "apn": "internet", "database": f"host={short_path} dbname=x",
        "probe_url": "http://ip.lab.test/",
    }  # fmt: skip
    (short_path / "farm.json").write_text(json.dumps(settings))
    (short_path / "spool").mkdir()  # what else is in a spool is removed
    command = (sys.executable, "-c", SECOND, str(short_path))
    with running(command) as first:
        wait_for((short_path / "agent.sock").exists, 60)
        second = subprocess.run(command, stderr=subprocess.PIPE, timeout=60, check=False)
        assert second.returncode == 1
        assert b"another run has held" in second.stderr
        assert first.poll() is None
        first.terminate()
        assert first.wait(30) == 0
    (short_path / "agent.sock").unlink()
    with running(command) as third:  # the lock ended with its holder
        wait_for((short_path / "agent.sock").exists, 60)
        third.terminate()
        assert third.wait(30) == 0


@contextmanager
def running(command: tuple[str, ...]) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that does not outlive its test."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
