# SPDX-License-Identifier: GPL-3.0-or-later
"""A bus of its own with a fake ModemManager on it."""

import shutil
import subprocess

import pytest

from modemfarm.dbus.connection import Bus
from modemfarm.mm.access import Access

from .fake import FIRST, FakeModemManager

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><listen>unix:path={path}</listen><policy context="default">
<allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>
"""


@pytest.fixture
def bus_path(tmp_path):
    """Socket of a bus."""
    program = shutil.which("dbus-daemon")
    assert program, "dbus-daemon is not installed"
    path = tmp_path / "bus"
    config = tmp_path / "bus.conf"
    config.write_text(CONFIG.format(path=path))
    command = (program, "--nofork", "--print-address", f"--config-file={config}")
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline()  # it listens now
        yield str(path)
        process.kill()


@pytest.fixture
def manager(bus_path):
    """The fake ModemManager."""
    service = FakeModemManager(bus_path)
    yield service
    service.stop()


@pytest.fixture
def bus(bus_path):
    """Opens the bus, as `Bus()` opens the system's."""
    return lambda: Bus(bus_path)


@pytest.fixture
def records():
    """What was noted."""
    return []


@pytest.fixture
def modem(bus, records, tmp_path):
    """The first modem."""
    return Access(FIRST, "1-1", records.append, bus, tmp_path, wait=0.5)
