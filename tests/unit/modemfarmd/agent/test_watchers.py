# SPDX-License-Identifier: GPL-3.0-or-later
"""The threads that wake the worker outlive what they did not expect."""

import queue
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from modemfarmd.agent import events, mm_watch
from modemfarmd.agent.events import UdevWatch
from modemfarmd.agent.mm_watch import MmWatch

ANSWER_S = 10.0


@contextmanager
def running(watch: threading.Thread, stop: threading.Event) -> Iterator[None]:
    watch.start()
    yield
    stop.set()
    watch.join(ANSWER_S)
    assert not watch.is_alive()


def test_udev_events_that_do_not_fit_are_not_the_last_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Thirty modems that come back at once fill the socket: netlink says ENOBUFS, once."""
    errors = [OSError("Error while polling fd: 7")]

    class Monitor:
        @classmethod
        def from_netlink(cls, _: object) -> "Monitor":
            return cls()

        def filter_by(self, subsystem: str) -> None:
            assert subsystem in events.SUBSYSTEMS

        def start(self) -> None:
            pass

        def poll(self, timeout: float) -> Any:
            if errors:
                raise errors.pop()
            stop.wait(0.01)
            return SimpleNamespace(device_path="/devices/pci0000:00/0000:00:14.0/usb1/1-1")

    monkeypatch.setitem(sys.modules, "pyudev", SimpleNamespace(Monitor=Monitor, Context=object))
    monkeypatch.setattr(events, "UDEV_RETRY_S", 0.01)
    named: queue.Queue[str] = queue.Queue()
    stop = threading.Event()
    with running(UdevWatch(named.put, stop), stop):
        assert named.get(timeout=ANSWER_S) == "1-1"


def test_a_bus_that_answers_with_nothing_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[list[str]] = [[], [":1.5", ":1.6"], [""]]

    class Bus:
        def __init__(self, _: str) -> None:
            pass

        def __enter__(self) -> "Bus":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def subscribe(self, _: list[str]) -> None:
            pass

        def call(self, _: object) -> Any:
            found = answers.pop(0)
            return SimpleNamespace(values=lambda: found)

        def signals(self, _: float) -> list[Any]:
            stop.wait(0.01)
            return []

    monkeypatch.setattr(mm_watch, "Bus", Bus)
    monkeypatch.setattr(mm_watch, "RETRY_S", 0.01)
    told: queue.Queue[str] = queue.Queue()
    stop = threading.Event()
    with running(MmWatch(told.put, stop), stop):
        assert told.get(timeout=ANSWER_S) == ""
