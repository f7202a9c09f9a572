# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.tasks.sms on a host of files: before ModemManager is asked, the modem's queue is."""

from functools import partial

import pytest

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


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"action": "send", "text": "hi"}, "number"), ({"action": "send", "number": "+49"}, "text"),
        ({"action": "send", "number": "12;ATZ", "text": "hi"}, "number"),
        ({"action": "send", "number": "+4915112345678", "text": ""}, "text"),
        ({"action": "read"}, "id"), ({"action": "delete"}, "id"),
    ],
)  # fmt: skip
def test_a_request_is_whole_before_the_modem_is_looked_for(world, wrong, field):
    arguments = {name: spec.get("default") for name, spec in sms.ARGUMENTS.items()}
    found = sms.run({**arguments, "modem": "867584030000991", **wrong}, False, world.here)
    assert (found["failed"], found["error"]) == (True, "InvalidValueError")
    assert found["message"].startswith(f"{field} is "), found
