# SPDX-License-Identifier: GPL-3.0-or-later
"""Hub ports: which one a modem hangs on, and which may be switched. The texts are uhubctl's."""

import pytest

from modemfarm.errors import InvalidValueError, MissingPartError, PermanentError, ToolError
from modemfarm.reset import hub

PER_PORT = """Current status for hub 1-1.4 [1a40:0201 USB 2.0 Hub [MTT], USB 2.00, 7 ports, ppps]
  Port 2: 0103 power enable connect [2c7c:0125 Quectel EC25-EUX]
"""
PORT = hub.HubPort("1-1.4", 2)


@pytest.mark.parametrize(
    ("usb_path", "location", "port"),
    [("1-3", "1", 3), ("1-1.4", "1-1", 4), ("1-1.4.2", "1-1.4", 2), ("12-1.10", "12-1", 10)],
)
def test_the_port_follows_from_the_path(usb_path, location, port):
    assert hub.HubPort.of(usb_path) == hub.HubPort(location, port)


@pytest.mark.parametrize("bad", ["usb1", "1-1:1.0", "-f", "1-1; reboot", "../1-1"])
def test_nothing_else_is_a_path(bad):
    with pytest.raises(InvalidValueError):
        hub.HubPort.of(bad)


def test_one_that_switches_this_port_alone_is_taken():
    hub.check(PORT, ["1-1.4.3"], lambda *_, **__: PER_PORT)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "does not switch power per port"),
        (PER_PORT.replace("1-1.4", "1-2"), "does not switch power per port"),
        (PER_PORT.replace(", ppps", ""), "does not switch power per port"),
        (PER_PORT.replace("ppps", "ganged"), "share one switch, also with 1-1.4.3"),
        (PER_PORT.replace("2c7c:0125", "0bda:8153"), "does not see the modem there"),
        (PER_PORT.replace("Port 2", "Port 3"), "does not see the modem there"),
    ],
)
def test_others_are_refused(text, words):
    with pytest.raises(PermanentError, match=words) as caught:
        hub.check(PORT, ["1-1.4.3", "1-1.5.1"], lambda *_, **__: text)
    assert "1-1.5.1" not in caught.value.message


def test_what_uhubctl_does_not_take_is_refused_with_its_words():
    def none(*_, **__):
        raise ToolError("uhubctl: No compatible devices detected at location 1-1.4!", "x")

    with pytest.raises(PermanentError, match="No compatible devices"):
        hub.check(PORT, [], none)

    def missing(*_, **__):
        raise MissingPartError("uhubctl is not installed", "x")

    with pytest.raises(MissingPartError) as caught:
        hub.check(PORT, [], missing)
    assert caught.value.remedy == "install uhubctl on the modem host"


def test_the_command_is_a_list_of_plain_words():
    calls = []
    hub.switch(PORT, False, lambda command, **_: calls.append(command) or "")
    hub.switch(PORT, True, lambda command, **_: calls.append(command) or "")
    assert calls == [
        ("uhubctl", "-l", "1-1.4", "-p", "2", "-a", "off"),
        ("uhubctl", "-l", "1-1.4", "-p", "2", "-a", "on"),
    ]
