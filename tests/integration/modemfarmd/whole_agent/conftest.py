# SPDX-License-Identifier: GPL-3.0-or-later
"""An agent with a real database and an apply service that is a stub."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modemfarm.settings import FarmSettings
from modemfarmd.agent.places import Places
from modemfarmd.agent.systemd import Notifier
from modemfarmd.agent.wiring import Agent
from modemfarmd.apply.main import listen
from modemfarmd.apply.service import Config, Service
from modemfarmd.registry.db import Database
from modemfarmd.registry.modems import Host, Registry

from .world import World


@pytest.fixture
def world(
    tmp_path: Path, make_modem: Callable[..., Path], dsn: str, short_path: Path
) -> Iterator[World]:
    registry = Registry(Database(dsn), Host("lab", 8, 3127))
    world = World(tmp_path, make_modem, registry)
    stop, (wake, waker) = threading.Event(), socket.socketpair()
    config = Config(tmp_path, short_path)
    service = Service(config, world.run_job)
    listener = listen(short_path / "apply.sock")
    serving = threading.Thread(target=service.serve, args=(listener, stop, wake))
    serving.start()
    yield world
    stop.set()
    waker.send(b"x")
    serving.join(5)
    for used in (listener, wake, waker):
        used.close()
    registry.database.close()


@pytest.fixture
def start(world: World, dsn: str, short_path: Path) -> Iterator[Callable[[], Agent]]:
    settings = FarmSettings.from_dict(
        {
            "version": 1, "host": "lab", "engine": "threeproxy", "lan_address": "127.0.0.1",
            "lan_interface": "lo", "clients": ["127.0.0.0/8"], "slots": 8,
            "nameservers": ["203.0.113.53"], "apn": "internet", "database": dsn,
            "probe_url": "http://ip.lab.test/",
        }
    )  # fmt: skip
    running: list[tuple[Agent, threading.Thread]] = []

    def make() -> Agent:
        places = Places(
            world.root, world.root / "modems.json", short_path / "apply.sock", short_path,
            world.root / "spool", short_path, short_path / "locks", short_path / "no-bus",
        )  # fmt: skip
        agent = Agent(settings, places)
        thread = threading.Thread(target=agent.run, args=(Notifier({}),))
        thread.start()
        running.append((agent, thread))
        world.agent = agent
        return agent

    yield make
    for agent, thread in running:
        agent.end()
        thread.join(10)
        assert not thread.is_alive()
