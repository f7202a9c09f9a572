# SPDX-License-Identifier: GPL-3.0-or-later
"""Slots and ports of two hosts on one database: processes that race, and ports that move."""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from modemfarmd.registry import db as db_module
from modemfarmd.registry.db import Database
from modemfarmd.registry.hosts import HostBook
from modemfarmd.registry.model import Observation
from modemfarmd.registry.modems import Host, Registry

HOSTS = ("here", "there")
PROCESSES, THREADS = 6, 5  # 30 inserts at once, half of them on each host
RACER = """
import json, sys, threading
from modemfarmd.registry.db import Database
from modemfarmd.registry.model import Observation
from modemfarmd.registry.modems import Host, Registry
dsn, host, first, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
registries = [Registry(Database(dsn), Host(host, 32, 3127)) for _ in range(count)]
for registry in registries:
    registry.modems()
gate, slots = threading.Barrier(count + 1), {}
def insert(number):
    gate.wait()
    seen = Observation(f"86758403{first + number:07d}")
    slots[first + number] = registries[number].upsert(seen).slot
threads = [threading.Thread(target=insert, args=(number,)) for number in range(count)]
for thread in threads:
    thread.start()
print("ready", flush=True)
sys.stdin.readline()
gate.wait()
for thread in threads:
    thread.join()
print(json.dumps(slots))
"""


def serial(number: int) -> str:
    return f"86758403{number:07d}"


def start_racer(dsn: str, number: int) -> subprocess.Popen[str]:
    host, first = HOSTS[number % len(HOSTS)], number * THREADS
    racer = subprocess.Popen(
        [sys.executable, "-c", RACER, dsn, host, str(first), str(THREADS)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={"PYTHONPATH": str(Path(db_module.__file__).parents[2])},
    )  # fmt: skip
    assert racer.stdout is not None
    assert racer.stdout.readline() == "ready\n"
    return racer


def test_thirty_inserts_at_once_on_two_hosts(dsn: str, database: Database) -> None:
    racers = [start_racer(dsn, number) for number in range(PROCESSES)]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    told: dict[str, int] = {}
    for racer in racers:
        told |= json.loads(racer.communicate(timeout=60)[0])
    assert len(told) == PROCESSES * THREADS
    for host in HOSTS:
        rows = Registry(database, Host(host, 32, 3127)).modems()
        assert [row["slot"] for row in rows] == list(range(1, 16))
        assert [row["proxy_port"] for row in rows] == [3127 + slot for slot in range(1, 16)]
        assert {told[str(int(row["serial"][8:]))] == row["slot"] for row in rows} == {True}


@pytest.fixture
def farm(database: Database) -> Callable[[int, str], Registry]:
    def make(port_base: int, host: str = "here") -> Registry:
        return Registry(database, Host(host, 8, port_base))

    for number in range(1, 6):
        make(3127).upsert(Observation(serial(number)))
        make(3127, "there").upsert(Observation(serial(number + 50)))
    return make


@pytest.mark.parametrize("base", [3128, 3126, 3130, 5000])
def test_ports_follow_a_new_base(farm: Callable[..., Registry], base: int) -> None:
    moved = farm(base).follow_ports()
    assert sorted(moved) == [serial(number) for number in range(1, 6)]
    assert [row["proxy_port"] for row in farm(base).modems()] == [base + n for n in range(1, 6)]
    assert [row["proxy_port"] for row in farm(3127, "there").modems()] == [*range(3128, 3133)]
    assert farm(base).follow_ports() == []


@pytest.mark.parametrize("base", [3128, 3126])
def test_a_refreshed_modem_is_not_in_its_neighbours_way(
    farm: Callable[..., Registry], base: int
) -> None:
    registry = farm(base)
    with registry.database.transaction():
        assert registry.upsert(Observation(serial(3), present=True)).proxy_port == base + 3
        assert registry.upsert(Observation(serial(9))).proxy_port == base + 6
    assert [row["proxy_port"] for row in registry.modems()] == [base + n for n in range(1, 7)]


def test_ports_follow_also_when_the_first_try_was_undone(farm: Callable[..., Registry]) -> None:
    registry = farm(3128)
    with suppress(KeyError), registry.database.transaction():
        registry.upsert(Observation(serial(1)))
        raise KeyError
    assert registry.upsert(Observation(serial(1))).proxy_port == 3129
    assert [row["proxy_port"] for row in registry.modems()] == [*range(3129, 3134)]


def test_each_host_says_that_it_is_there(farm: Callable[..., Registry], database: Database) -> None:
    HostBook(database, "there").seen("0.1")
    HostBook(database, "here").seen("0.1")
    before = HostBook(database, "here").all()
    HostBook(database, "here").seen("0.2")
    after = HostBook(database, "here").all()
    assert [(row["name"], row["agent_version"], row["modems"]) for row in after] == [
        ("here", "0.2", 5), ("there", "0.1", 5)
    ]  # fmt: skip
    assert after[1] == before[1]
    assert after[0]["first_seen"] == before[0]["first_seen"] < after[0]["last_seen"]
