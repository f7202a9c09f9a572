# SPDX-License-Identifier: GPL-3.0-or-later
import pytest

from modemlab.modem.clock import ManualClock
from modemlab.modem.radio import NO_SIGNAL, Radio, Registration, Signal, signal_at


@pytest.fixture
def radio(clock: ManualClock) -> Radio:
    return Radio(1, clock, delay=2.0)


def test_a_boot_searches_then_registers(radio: Radio, clock: ManualClock) -> None:
    seen: list[Registration] = []
    radio.on_change = lambda: seen.append(radio.registration)
    radio.restart()
    clock.advance(1.9)
    assert seen == [Registration.SEARCHING]
    clock.advance(0.2)
    assert seen == [Registration.SEARCHING, Registration.HOME]


def test_without_delay_it_registers_at_once(clock: ManualClock) -> None:
    radio = Radio(1, clock, delay=0)
    radio.restart()
    assert radio.registration is Registration.HOME


@pytest.mark.parametrize(
    ("network", "registration"),
    [
        ("none", Registration.SEARCHING),
        ("denied", Registration.DENIED),
        ("roaming", Registration.ROAMING),
    ],
)
def test_other_networks(
    radio: Radio, clock: ManualClock, network: str, registration: Registration
) -> None:
    radio.network = network
    radio.update()
    clock.advance(3)
    assert radio.registration is registration


def test_airplane_mode_is_off_the_network_and_back(radio: Radio, clock: ManualClock) -> None:
    radio.set_function(4)
    assert (radio.registration, radio.signal) == (Registration.OFF, NO_SIGNAL)
    radio.set_function(1)
    clock.advance(3)
    assert radio.registration is Registration.HOME


def test_a_search_ends_with_the_network(radio: Radio, clock: ManualClock) -> None:
    radio.restart()
    radio.network = "none"
    radio.update()
    clock.advance(10)
    assert radio.registration is Registration.SEARCHING


def test_no_sim_no_registration(radio: Radio, clock: ManualClock) -> None:
    radio.sim_ready = False
    radio.restart()
    clock.advance(10)
    assert radio.registration is Registration.OFF


def test_signal_wanders_within_reason_and_repeats() -> None:
    readings = [signal_at(1, second) for second in range(0, 600, 5)]
    assert len({reading.rsrp for reading in readings}) > 5
    assert all(-115 <= reading.rsrp <= -75 for reading in readings)
    assert signal_at(1, 42.0) == signal_at(1, 42.0)
    assert signal_at(1, 42.0) != signal_at(2, 42.0)


@pytest.mark.parametrize(("rssi", "csq"), [(-113, 0), (-51, 31), (-40, 31), (-120, 0), (-61, 26)])
def test_csq_scale(rssi: int, csq: int) -> None:
    assert Signal(rssi, -90, -9, 100).csq == csq
