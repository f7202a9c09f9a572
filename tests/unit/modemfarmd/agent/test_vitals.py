# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is looked after."""

from functools import partial

from modemfarm.settings import FarmSettings
from modemfarmd.agent.parts import uid_of

from .world import World, serial

SETTINGS = {
    "version": 1,
    "host": "lab",
    "engine": "threeproxy",
    "lan_address": "10.9.0.1",
    "lan_interface": "lan0",
    "clients": ["10.9.0.0/24"],
    "nameservers": ["203.0.113.1"],
    "apn": "internet.lab",
    "probe_url": "http://ip.lab.test/",
    "slots": 1,
}


def test_a_slot_that_the_settings_have_no_more_serves_nothing_and_ends_nobody(world: World) -> None:
    world.vitals._uid_of = partial(uid_of, FarmSettings.from_dict(SETTINGS))
    for number in (1, 2):
        world.plug(f"1-{number}", serial(number))
    world.turn(10)
    looked_at = [(patient.at_port, patient.port) for patient in world.vitals.roster()]
    assert sorted(looked_at, key=str) == [("ttyUSB3", 3128), ("ttyUSB3", None)]
