# SPDX-License-Identifier: GPL-3.0-or-later
"""The modem as a whole: data path, power, and how faults reach its parts."""

import json
from collections.abc import Callable

import pytest

from modemlab.modem.clock import ManualClock
from modemlab.modem.errors import CallFailedError
from modemlab.modem.modem import Modem
from modemlab.modem.spec import Wan, Wan6

V4, V6 = b"\x45" + bytes(19), b"\x60" + bytes(39)


class Line:
    """What came out of the modem at either end."""

    def __init__(self, modem: Modem) -> None:
        self.carrier: list[bytes] = []
        self.host: list[bytes] = []
        modem.uplink = self.carrier.append
        modem.on_packet = self.host.append


@pytest.fixture
def line(modem: Modem) -> Line:
    return Line(modem)


def test_packets_pass_while_the_bearer_is_up(modem: Modem, line: Line) -> None:
    session = modem.start_session(1, 4, "internet")
    modem.from_host(V4)
    modem.downlink(V4)
    modem.bearers.stop(session.handle)
    modem.from_host(V4)
    modem.downlink(V4)
    assert (line.carrier, line.host) == ([V4], [V4])
    assert modem.counters.lost_packets == 2
    assert (modem.counters.up_packets, modem.counters.down_bytes) == (1, 20)


def test_ipv6_needs_a_session_of_its_own(make_modem: Callable[..., Modem]) -> None:
    modem = make_modem(ipv6=Wan6("2001:db8:1::2", "2001:db8:1::1"))
    line = Line(modem)
    modem.start_session(1, 4, "")
    modem.from_host(V6)
    assert line.carrier == []
    modem.start_session(2, 6, "")
    modem.from_host(V6)
    assert line.carrier == [V6]


def test_dead_data_loses_packets_and_stays_connected(modem: Modem, line: Line) -> None:
    modem.start_session(1, 4, "")
    modem.faults.set("data_dead", True)
    modem.from_host(V4)
    modem.downlink(V4)
    assert (line.carrier, line.host, modem.connected) == ([], [], True)
    assert modem.counters.lost_packets == 2


@pytest.mark.parametrize(("name", "value"), [("network", "none"), ("network", "denied"),
                                             ("sim", "missing"), ("sim", "pin")])  # fmt: skip
def test_without_registration_no_session(modem: Modem, name: str, value: str) -> None:
    modem.start_session(1, 4, "")
    modem.faults.set(name, value)
    assert not modem.connected
    with pytest.raises(CallFailedError):
        modem.start_session(1, 4, "")


def test_no_ipv6_without_an_address(modem: Modem) -> None:
    with pytest.raises(CallFailedError):
        modem.start_session(1, 6, "")


def test_the_network_comes_back(modem: Modem, clock: ManualClock) -> None:
    modem.faults.set("network", "none")
    modem.faults.set("network", "home")
    clock.advance(2)
    assert modem.radio.registration.registered


def test_address_change_drops_the_bearer_unless_it_is_silent(modem: Modem) -> None:
    new = Wan("10.99.0.2", "10.99.0.1", 30)
    modem.start_session(1, 4, "")
    modem.change_wan(new, drop=False)
    assert (modem.connected, modem.wan) == (True, new)
    modem.change_wan(new)
    assert not modem.connected


def test_a_power_cycle_forgets_what_power_keeps(modem: Modem, clock: ManualClock) -> None:
    modem.start_session(1, 4, "")
    modem.at_engine.ports[3].echo = False
    modem.power_cycle()
    assert not modem.connected
    assert modem.at_engine.ports[3].echo
    assert not modem.radio.registration.registered
    clock.advance(2)
    assert modem.radio.registration.registered


def test_power_off_leaves_no_timer_and_no_way_out(modem: Modem, clock: ManualClock) -> None:
    modem.faults.set("urc_flood", 10)
    modem.power_cycle()
    modem.on_at[3] = lambda data: pytest.fail(f"{data!r} from a modem without power")
    modem.power_off()
    clock.advance(5)
    assert (modem.plugged, modem.port, modem.on_at) == (False, None, {})
    assert not modem.radio.registration.registered


def test_without_power_nothing_registers(modem: Modem, clock: ManualClock) -> None:
    modem.faults.set("sim", "missing")
    modem.power_off()
    modem.faults.set("urc_flood", 10)
    modem.faults.set("sim", "ok")
    clock.advance(5)
    assert not modem.radio.registration.registered
    modem.power_cycle()
    clock.advance(5)
    assert modem.radio.registration.registered


def test_the_pin_is_wanted_again_after_a_power_cycle(modem: Modem, clock: ManualClock) -> None:
    modem.faults.set("sim", "pin")
    modem.sim.verify("1234")
    clock.advance(2)
    assert modem.radio.registration.registered
    modem.power_cycle()
    clock.advance(2)
    assert not modem.radio.registration.registered


def test_usb_serial_and_composition_faults_win_over_the_spec(
    make_modem: Callable[..., Modem],
) -> None:
    modem = make_modem(usb_serial="A1", composition="ecm")
    assert (modem.usb_serial, modem.composition) == ("A1", "ecm")
    modem.faults.set("usb_serial", "")
    modem.faults.set("composition", "rndis")
    assert (modem.usb_serial, modem.composition) == ("", "rndis")
    modem.faults.clear()
    assert (modem.usb_serial, modem.composition) == ("A1", "ecm")


def test_reboot_without_a_face_boots_in_place(modem: Modem) -> None:
    modem.reboot()
    assert modem.counters.power_cycles == 1


def test_snapshot_is_plain_data(modem: Modem) -> None:
    modem.faults.set("slow", 2)
    shown = json.loads(json.dumps(modem.snapshot()))
    assert shown["imei"] == modem.imei
    assert shown["wan"]["address"] == "10.64.1.2"
    assert (shown["registration"], shown["faults"]) == ("home", {"slow": 2.0})
