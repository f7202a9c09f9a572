# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.tasks.sms on a host of files: before ModemManager is asked, the modem's queue is."""

from functools import partial

from modemfarm.fair_queue import turn
from modemfarm.mm.access import Access
from modemfarm.tasks import sms


def test_the_queue_is_in_the_hosts_place_for_locks(world, monkeypatch):
    modem = world.plug()
    monkeypatch.setattr(sms, "Access", partial(Access, wait=0))
    arguments = {name: spec.get("default") for name, spec in sms.ARGUMENTS.items()}
    with turn(f"sms-{modem.imei}", "the queue", "sms send", 0, world.here.lock_dir):
        found = sms.run({**arguments, "modem": modem.imei}, False, world.here)
    assert (found["failed"], found["error"]) == (True, "PortBusyError")
    assert found["message"].endswith(": sms send")
    assert [(line["command"], line["outcome"]) for line in world.log()] == [("list", "busy")]
