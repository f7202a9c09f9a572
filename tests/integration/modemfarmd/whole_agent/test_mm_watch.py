# SPDX-License-Identifier: GPL-3.0-or-later
"""ModemManager's coming and going, on a bus of our own."""

import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from modemfarm.dbus.connection import Bus, Call
from modemfarm.mm.objects import SERVICE
from modemfarmd.agent import mm_watch
from modemfarmd.agent.mm_watch import DBUS, MmWatch

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><listen>unix:path={path}</listen><policy context="default">
<allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>
"""
SEEN_S = 5.0  # the design's time until a change is seen


class Daemon:
    """A message bus that can be ended and started again."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "bus"
        self._config = folder / "bus.conf"
        self._config.write_text(CONFIG.format(path=self.path))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = shutil.which("dbus-daemon")
        if program is None:
            pytest.skip("dbus-daemon is not installed")
        command = (program, "--nofork", "--print-address", f"--config-file={self._config}")
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        assert self._process.stdout.readline()

    def stop(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def manager(self) -> Bus:
        """Somebody who has ModemManager's name as long as the connection is open."""
        bus = Bus(str(self.path))
        bus.call(Call(DBUS, "/org/freedesktop/DBus", DBUS, "RequestName", "su", (SERVICE, 0)))
        return bus


@pytest.fixture
def daemon(short_path: Path) -> Iterator[Daemon]:
    daemon = Daemon(short_path)
    daemon.start()
    yield daemon
    daemon.stop()


@pytest.fixture
def seen(daemon: Daemon) -> Iterator["queue.Queue[str]"]:
    found: queue.Queue[str] = queue.Queue()
    stop = threading.Event()
    watch = MmWatch(found.put, stop, daemon.path)
    watch.start()
    yield found
    stop.set()
    watch.join(10)
    assert not watch.is_alive()


def test_it_is_seen_going_and_coming(daemon: Daemon, seen: "queue.Queue[str]") -> None:
    assert seen.get(timeout=SEEN_S) == ""  # nobody has the name at the start
    with daemon.manager():
        first = seen.get(timeout=SEEN_S)
        assert first.startswith(":")
    assert seen.get(timeout=SEEN_S) == ""
    with daemon.manager():
        assert seen.get(timeout=SEEN_S) not in ("", first)


def test_what_is_there_at_the_start_is_no_news(daemon: Daemon) -> None:
    found: queue.Queue[str] = queue.Queue()
    stop = threading.Event()
    watch = MmWatch(found.put, stop, daemon.path)
    manager = daemon.manager()
    watch.start()
    with daemon.manager():  # a second one waits in line: the owner stays
        pass
    manager.close()
    assert found.get(timeout=SEEN_S) == ""
    assert found.empty()
    stop.set()
    watch.join(10)


def test_a_bus_that_restarts_is_watched_again(
    daemon: Daemon, seen: "queue.Queue[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mm_watch, "RETRY_S", 0.1)
    assert seen.get(timeout=SEEN_S) == ""
    daemon.stop()
    daemon.start()
    with daemon.manager():
        assert seen.get(timeout=2 * SEEN_S).startswith(":")
