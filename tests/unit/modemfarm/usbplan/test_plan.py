# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as JSON has it."""

import json

from modemfarm.usbplan.journal import KernelLog
from modemfarm.usbplan.plan import as_document, make_plan

SERIAL = "867584030000017"


def test_the_document(tree):
    tree.controller(buses=((1, "480", 8), (2, "5000", 8)))
    tree.controller("0000:03:00.0", ((3, "480", 4),))
    tree.hub("1-1")
    tree.modem("1-1.2")
    document = as_document(make_plan(tree.sysfs, {"1-1.2": SERIAL}, KernelLog("none")))
    assert json.loads(json.dumps(document)) == document
    assert (document["modems"], document["takes_now"], document["endpoints_each"]) == (1, 5 + 4, 15)
    first, second = document["controllers"]
    assert (first["buses"], first["modems"], first["endpoints"]) == ([1, 2], 1, 17)
    assert (first["takes"]["now"], first["takes"]["because"]) == (5, "endpoint contexts")
    assert second["takes"]["now"] == 4  # it has four ports
    modem = next(one for one in first["devices"] if one["kind"] == "modem")
    assert (modem["serial"], modem["parent"], modem["tier"]) == (SERIAL, "1-1", 3)
    assert [one["endpoints"] for one in modem["interfaces"]] == [2, 3, 3, 3, 3]
    hub = next(one for one in first["devices"] if one["name"] == "1-1")
    assert [port["free"] for port in hub["ports"]] == [True, False, True, True]


def test_a_host_without_usb(tmp_path):
    document = as_document(make_plan(tmp_path, {}, KernelLog("none")))
    assert document["controllers"] == []
    assert (document["modems"], document["takes_now"]) == (0, 0)
