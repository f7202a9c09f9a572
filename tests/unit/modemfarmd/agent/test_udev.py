# SPDX-License-Identifier: GPL-3.0-or-later
"""Events that udev could not deliver end nothing: the watch goes on, or says that it cannot."""

import errno
import threading
from types import SimpleNamespace
from typing import Any

import pytest

pyudev = pytest.importorskip("pyudev")

from modemfarmd.agent.events import UdevWatch  # noqa: E402

MODEM = SimpleNamespace(device_path="/devices/platform/vhci_hcd.0/usb1/1-1/1-1:1.3/ttyUSB3")


class Monitor:
    """Gives what `script` says, then has the watch stop."""

    def __init__(self, script: list[Any], stop: threading.Event) -> None:
        self._script, self._stop = script, stop

    def filter_by(self, subsystem: str) -> None:
        pass

    def start(self) -> None:
        pass

    def poll(self, timeout: float) -> Any:
        if len(self._script) == 1:
            self._stop.set()
        found = self._script.pop(0)
        if isinstance(found, OSError):
            raise found
        return found


def watch(monkeypatch: pytest.MonkeyPatch, script: list[Any]) -> list[str]:
    stop, named = threading.Event(), list[str]()
    monkeypatch.setattr(pyudev, "Context", object)
    monkeypatch.setattr(pyudev.Monitor, "from_netlink", lambda _: Monitor(script, stop))
    UdevWatch(named.append, stop).run()
    return named


def test_lost_events_do_not_end_the_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = OSError(errno.ENOBUFS, "No buffer space available")
    assert watch(monkeypatch, [MODEM, lost, None, MODEM]) == ["1-1", "1-1"]


def test_a_broken_socket_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert watch(monkeypatch, [MODEM, OSError(errno.EBADF, "bad"), MODEM]) == ["1-1"]
    assert "no udev events any more" in caplog.text
