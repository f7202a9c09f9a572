# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual modems behind a qmi-proxy, the lab's or the real one, in a network namespace of its own.

The proxy's socket has one fixed name in each network namespace. This thread goes into a new one
for each test, and what it starts (threads, qmicli) is born there.
"""

import contextlib
import ctypes
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modemlab.faces.background import Background
from modemlab.faces.qmi_proxy import NAME, QmiProxy
from modemlab.modem.modem import Modem
from modemlab.modem.spec import ModemSpec

CLONE_NEWNET = 0x40000000  # unshare(2)
REAL_PROXY = Path("/usr/libexec/qmi-proxy")
START_CAP_S = 10.0


@pytest.fixture
def own_network() -> Iterator[None]:
    """This thread in a network namespace without anything in it (os.unshare is Python 3.12)."""
    if shutil.which("qmicli") is None:
        pytest.skip("needs qmicli (Debian package libqmi-utils)")
    if os.geteuid() != 0:
        pytest.skip("needs root: qmi-proxy's name is taken in a network namespace of our own")
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        assert libc.unshare(CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        yield
        assert libc.setns(home, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
    finally:
        os.close(home)


@pytest.fixture
def lab(own_network: None) -> Iterator[Background]:
    with Background() as lab:
        yield lab


class Fake:
    """The lab's proxy. A modem's device is a terminal that nobody uses: qmicli wants to see a
    character device, and the proxy goes by its name.
    """

    def __init__(self, lab: Background, stack: contextlib.ExitStack) -> None:
        self.lab = lab
        self.modems: dict[str, Modem] = {}
        self._stack = stack
        self._proxy = QmiProxy(self.modems.get)
        lab.run(self._proxy.start())
        stack.callback(lab.call, self._proxy.stop)

    def plug(self, spec: ModemSpec, link: Path | None = None) -> tuple[Modem, str]:
        """A modem and the device it is at; with `link` that is a link to one."""
        modem = Modem(spec)
        ends = os.openpty()
        for end in ends:
            self._stack.callback(os.close, end)
        device = os.ttyname(ends[1])
        if link is not None:
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(device)
            device = str(link)
        self.modems[device] = modem
        return modem, device


@pytest.fixture
def fake(lab: Background) -> Iterator[Fake]:
    with contextlib.ExitStack() as stack:
        yield Fake(lab, stack)


@pytest.fixture
def real_proxy(own_network: None) -> Iterator[None]:
    """The real qmi-proxy; modems are reached through their terminals (`lab.pty`)."""
    if not REAL_PROXY.exists():
        pytest.skip("needs qmi-proxy (Debian package libqmi-proxy)")
    process = subprocess.Popen((REAL_PROXY, "--no-exit"), stderr=subprocess.DEVNULL)
    try:
        wait_for(_answering)
        yield
    finally:
        process.terminate()
        process.wait()


def _answering() -> bool:
    with socket.socket(socket.AF_UNIX) as one:
        return one.connect_ex(f"\0{NAME}") == 0


def wait_for(condition: Callable[[], bool]) -> None:
    """Return when the condition holds; fails after START_CAP_S."""
    deadline = time.monotonic() + START_CAP_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    return wait_for


@pytest.fixture
def mute() -> Callable[[Modem, int], None]:
    """`mute(modem, service)`: requests to one service are never answered, client ids still are."""

    def apply(modem: Modem, service: int) -> None:
        answer = modem.qmi

        def qmi(frame: bytes, reply: Callable[[bytes], None] | None = None) -> None:
            if frame[4] != service:
                answer(frame, reply)

        modem.qmi = qmi  # type: ignore[method-assign]

    return apply


@pytest.fixture
def clients() -> Callable[[Modem], dict[int, set[int]]]:
    """`clients(modem)`: client ids that are taken, by service number."""
    return lambda modem: {
        number: set(service.clients)
        for number, service in modem.qmi_engine.services.items()
        if service.clients
    }
