# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps that switch something off: whatever ends them, it is switched on again."""

import json
import os
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest

from modemfarm.contact import Contact
from modemfarm.errors import CommandTimeoutError, PermanentError, SettingsError, ToolError
from modemfarm.reset import names, steps
from modemfarm.reset.comeback import Watch
from modemfarm.reset.unwind import Terminated, ended_by_signal
from modemfarm.usb import find_modem

A = "867584030000017"
HUB = """Current status for hub 1 [1d6b:0002 Linux xhci-hcd, USB 2.00, 4 ports, ppps]
  Port 1: 0103 power enable connect [2c7c:0125 Quectel EC25-EUX]
"""
SETTINGS = {
    "version": 1, "host": "lab", "engine": "threeproxy", "lan_address": "127.0.0.1",
    "lan_interface": "lo", "clients": ["127.0.0.0/8"], "nameservers": ["203.0.113.53"],
    "apn": "internet", "probe_url": "http://ip.lab.test/", "hub_power": True,
}  # fmt: skip


class World:
    """A modem in files; switching it off takes its ports away."""

    def __init__(self, root: Path, make_modem):
        self.root, self.said, self.fail = root, [], ""
        self.device = make_modem("1-1")
        (self.device / "authorized").write_text("1")
        (root / "etc/modemfarm").mkdir(parents=True)
        (root / "run/modemfarm").mkdir(parents=True)
        self.configure(SETTINGS)
        self.now = 0.0
        self.on_pause = lambda: None
        watch = Watch(root, root, lambda: self.now, self.pause)
        host = lambda _: SimpleNamespace(run=self.run)  # noqa: E731
        self.place = steps.Workplace(lambda _: None, watch, host)
        self.contact = Contact(A, find_modem("1-1", root), root / "dev")

    def configure(self, settings):
        (self.root / "etc/modemfarm/farm.json").write_text(json.dumps(settings))

    def pause(self, seconds):
        self.now += seconds
        self.on_pause()

    def run(self, command, text="", timeout=0.0):
        self.said.append(" ".join(command))
        if self.fail and self.fail in self.said[-1]:
            raise ToolError("uhubctl: no", "x")
        return HUB

    def leave(self):
        """The kernel has taken the device's entry away."""
        (self.root / "sys/bus/usb/devices/1-1/idVendor").write_text("0000")

    @property
    def authorized(self):
        return (self.device / "authorized").read_text()

    @property
    def notes(self):
        folder = self.root / "run/modemfarm/undo"
        return [p.name for p in folder.iterdir()] if folder.exists() else []


@pytest.fixture
def world(tmp_path, make_modem, monkeypatch):
    monkeypatch.setattr(steps, "wait_back", lambda contact, watch: contact)
    return World(tmp_path, make_modem)


def test_the_ladder_is_a_part_of_the_steps():
    assert set(names.LADDER) < set(names.STEPS)
    assert tuple(steps.STEPS) == names.STEPS


def test_usb_goes_off_and_on(world):
    seen = []

    def look():
        seen.append((world.authorized, world.notes))
        world.leave()

    world.on_pause = look
    steps.usb(world.contact, world.place)
    assert seen == [("0", [A])]
    assert (world.authorized, world.notes) == ("1", [])


def test_usb_is_on_again_when_the_modem_does_not_leave(world):
    with pytest.raises(CommandTimeoutError):
        steps.usb(world.contact, world.place)
    assert (world.authorized, world.notes) == ("1", [])


def test_usb_is_on_again_after_sigterm(world):
    world.on_pause = lambda: os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(Terminated), ended_by_signal():
        steps.usb(world.contact, world.place)
    assert (world.authorized, world.notes) == ("1", [])
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_second_sigterm_does_not_stop_the_unwinding(world):
    """Ansible sends it to its worker, and the worker to all of its group."""
    world.on_pause = lambda: os.kill(os.getpid(), signal.SIGTERM)
    real = steps.undo.authorize

    def authorize(path, value, root):
        if value == "1":
            os.kill(os.getpid(), signal.SIGTERM)
        real(path, value, root)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps.undo, "authorize", authorize)
        with pytest.raises(Terminated), ended_by_signal():
            steps.usb(world.contact, world.place)
    assert (world.authorized, world.notes) == ("1", [])


def test_hub_power_goes_off_for_a_while_and_on(world):
    world.on_pause = world.leave
    steps.hub_power(world.contact, world.place)
    assert world.said == [
        "uhubctl -l 1 -p 1", "uhubctl -l 1 -p 1 -a off", "uhubctl -l 1 -p 1 -a on",
    ]  # fmt: skip
    assert world.now >= 5.0
    assert world.notes == []


def test_hub_power_is_off_by_default(world):
    world.configure({name: value for name, value in SETTINGS.items() if name != "hub_power"})
    with pytest.raises(PermanentError, match="does not switch hub ports") as caught:
        steps.hub_power(world.contact, world.place)
    assert "farm_hub_power" in caught.value.remedy
    assert world.said == []
    (world.root / "etc/modemfarm/farm.json").unlink()
    with pytest.raises(SettingsError):
        steps.hub_power(world.contact, world.place)


def test_a_hub_port_that_cannot_be_switched_on_keeps_its_note(world):
    world.on_pause = world.leave
    world.fail = "-a on"
    with pytest.raises(ToolError):
        steps.hub_power(world.contact, world.place)
    assert world.notes == [A]
