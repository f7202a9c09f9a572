# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.dbus.connection with a real dbus-daemon of its own."""

import shutil
import subprocess
import threading
import time
from collections import deque

import pytest

from modemfarm.dbus.connection import NO_REPLY, Bus, BusError, Call
from modemfarm.dbus.wire import MEMBER
from modemfarm.errors import ToolError

DBUS = "org.freedesktop.DBus"
CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><listen>unix:path={path}</listen><policy context="default">
<allow send_destination="*"/><allow own="*"/><allow eavesdrop="true"/></policy></busconfig>
"""
START_CAP_S = 10


def dbus(member, signature="", *values):
    return Call(DBUS, "/org/freedesktop/DBus", DBUS, member, signature, values)


@pytest.fixture
def daemon(tmp_path):
    """(path of the socket, process) of a bus."""
    program = shutil.which("dbus-daemon")
    if program is None:
        pytest.skip("dbus-daemon is not installed")
    path = tmp_path / "bus"
    config = tmp_path / "bus.conf"
    config.write_text(CONFIG.format(path=path))
    process = subprocess.Popen((program, "--nofork", f"--config-file={config}"))
    deadline = time.monotonic() + START_CAP_S
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield str(path), process
    process.kill()
    process.wait(10)


def test_calls_and_errors(daemon):
    with Bus(daemon[0]) as bus:
        (names,) = bus.call(dbus("ListNames")).values()
        assert DBUS in names
        answers = bus.call_all(
            [dbus("NameHasOwner", "s", DBUS), dbus("Nonsense"), dbus("NameHasOwner", "s", "a.b")]
        )
        assert answers[0].values() == [True]
        assert isinstance(answers[1], BusError)
        assert answers[1].name == f"{DBUS}.Error.UnknownMethod"
        assert answers[2].values() == [False]
        with pytest.raises(BusError, match=r"a\.nobody"):
            bus.call(Call("a.nobody", "/", "a.b", "C"))


def test_a_late_answer_does_not_disturb_the_next_call(daemon):
    with Bus(daemon[0]) as slow, Bus(daemon[0]) as bus:
        bus.call(dbus("RequestName", "su", "x.slow", 4))
        with pytest.raises(BusError) as caught:
            slow.call(Call("x.slow", "/", "x.y", "Never"), timeout=0.2)
        assert caught.value.name == NO_REPLY
        bus.close()  # now the bus answers in its place
        assert slow.call(dbus("NameHasOwner", "s", "x.slow")).values() == [False]


def test_signals(daemon):
    with Bus(daemon[0]) as bus, Bus(daemon[0]) as other:
        bus.subscribe([f"type='signal',sender='{DBUS}',member='NameOwnerChanged'"])
        bus.signals(0)
        started = time.monotonic()
        assert bus.signals(0.2) == []
        assert time.monotonic() - started >= 0.2
        other.call(dbus("RequestName", "su", "x.y", 4))
        (signal,) = bus.signals(5)
        assert signal.get(MEMBER) == "NameOwnerChanged"
        assert signal.values()[0] == "x.y"
        with pytest.raises(BusError):
            bus.subscribe(["nonsense"])


def test_the_end_of_the_bus(daemon):
    path, process = daemon
    with Bus(path) as bus:
        threading.Timer(0.2, process.kill).start()
        with pytest.raises(ToolError, match="lost"):
            deque(iter(lambda: bus.signals(5), None), maxlen=0)  # the first ones tell us our name
    with pytest.raises(ToolError, match="no D-Bus at"):
        Bus(path)
