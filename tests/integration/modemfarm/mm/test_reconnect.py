# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.mm.reconnect with a real bus and a fake NetworkManager."""

import pytest

from modemfarm import errors
from modemfarm.apply.profile import profile_uuid
from modemfarm.mm import reconnect as reconnecting
from modemfarm.mm.reconnect import reconnect

from .fake import FIRST
from .service import Refusal, Service

NAME = "org.freedesktop.NetworkManager"
ROOT = "/org/freedesktop/NetworkManager"
DEVICE, ACTIVE, PROFILE = f"{ROOT}/Devices/3", f"{ROOT}/ActiveConnection/1", f"{ROOT}/Settings/1"
NEW = f"{ROOT}/ActiveConnection/2"
DISCONNECTED, ACTIVATED, FAILED = 30, 100, 120


class FakeNetworkManager(Service):
    """One device with an active connection."""

    def __init__(self, path):
        super().__init__(path, NAME)
        self.ends = 2  # NMActiveConnectionState of a new activation
        self.objects = {
            DEVICE: {
                f"{NAME}.Device": {
                    "Interface": ("s", "cdc-wdm0"),
                    "IpInterface": ("s", "wwan0"),
                    "State": ("u", ACTIVATED),
                    "ActiveConnection": ("o", ACTIVE),
                }
            },
            ACTIVE: {f"{NAME}.Connection.Active": {"State": ("u", 2), "Id": ("s", "modem")}},
        }
        self.methods |= {
            (f"{NAME}.Settings", "GetConnectionByUuid"): self.find,
            (NAME, "DeactivateConnection"): self.deactivate,
            (NAME, "ActivateConnection"): self.activate,
        }

    @property
    def device(self):
        return self.properties(DEVICE, f"{NAME}.Device")

    def find(self, _, uuid):
        if uuid != profile_uuid(FIRST):
            raise Refusal(f"{NAME}.Settings.InvalidConnection")
        return "o", (PROFILE,)

    def deactivate(self, _, active):
        self.objects.pop(active)
        self.device.update(State=("u", DISCONNECTED), ActiveConnection=("o", "/"))

    def activate(self, _, profile, device, specific):
        assert (profile, device, specific) == (PROFILE, DEVICE, "/")
        self.objects[NEW] = {
            f"{NAME}.Connection.Active": {"State": ("u", self.ends), "Id": ("s", "modem")}
        }
        self.device.update(State=("u", ACTIVATED), ActiveConnection=("o", NEW))
        return "o", (NEW,)


@pytest.fixture
def network(bus_path):
    """The fake NetworkManager."""
    service = FakeNetworkManager(bus_path)
    yield service
    service.stop()


def members(network):
    return [call[1] for call in network.calls if call[1].endswith("Connection")]


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    monkeypatch.setattr(reconnecting, "LOOK_S", 0.05)
    monkeypatch.setattr(reconnecting, "DOWN_S", 0.5)
    monkeypatch.setattr(reconnecting, "UP_S", 0.5)


def test_down_and_up(manager, network, bus):
    found = reconnect(FIRST, "1-1", bus)
    assert found.interface == "wwan0"
    assert 0 <= found.seconds < 5
    assert members(network) == ["DeactivateConnection", "ActivateConnection"]


def test_what_is_down_is_only_brought_up(manager, network, bus):
    network.deactivate(ROOT, ACTIVE)
    reconnect(FIRST, "1-1", bus)
    assert members(network) == ["ActivateConnection"]


def test_without_a_profile_nothing_is_taken_down(manager, network, bus):
    def none(*_):
        raise Refusal(f"{NAME}.Settings.InvalidConnection")

    network.methods[f"{NAME}.Settings", "GetConnectionByUuid"] = none
    with pytest.raises(errors.PermanentError, match="no profile") as caught:
        reconnect(FIRST, "1-1", bus)
    assert caught.value.modem == FIRST
    assert members(network) == []


def test_without_a_device(manager, network, bus):
    network.objects.pop(DEVICE)
    with pytest.raises(errors.ToolError, match="no device cdc-wdm0"):
        reconnect(FIRST, "1-1", bus)


def test_a_bearer_that_does_not_go_down(manager, network, bus):
    network.methods[NAME, "DeactivateConnection"] = lambda *_: None
    with pytest.raises(errors.CommandTimeoutError, match="down"):
        reconnect(FIRST, "1-1", bus)


def test_a_bearer_that_hangs(manager, network, bus):
    network.ends = 1
    with pytest.raises(errors.CommandTimeoutError, match="up"):
        reconnect(FIRST, "1-1", bus)


@pytest.mark.parametrize(
    ("path", "words"), [(DEVICE, "the dial failed"), (f"{ROOT}/Devices/4", "does not say why")]
)
def test_a_bearer_that_is_refused_says_why(manager, network, bus, path, words):
    activate = network.activate

    def refused(*values):
        network.ends = 1
        answer = activate(*values)
        network.emit(path, f"{NAME}.Device", "StateChanged", "uuu", FAILED, 50, 27)
        network.properties(NEW, f"{NAME}.Connection.Active")["State"] = ("u", 4)
        return answer

    network.methods[NAME, "ActivateConnection"] = refused
    with pytest.raises(errors.NoServiceError, match=words):
        reconnect(FIRST, "1-1", bus)


def test_without_networkmanager(manager, bus):
    with pytest.raises(errors.PermanentError, match="no profile"):
        reconnect(FIRST, "1-1", bus)
