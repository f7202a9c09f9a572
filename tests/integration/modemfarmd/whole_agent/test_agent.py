# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole agent: modems on pseudo terminals, a real database, an apply service that is a stub."""

import time
from collections.abc import Callable
from typing import Any

from modemfarmd.agent.wiring import Agent
from modemfarmd.registry.logs import LogBook

from .world import WAIT_S, PtyModem, World, serial


def test_plug_unplug_replug_elsewhere(world: World, start: Callable[[], Agent]) -> None:
    start()
    modem = PtyModem(1, "Evil {{ lookup('pipe', 'id') }}'; DROP TABLE modems; --")
    begun = time.monotonic()
    world.plug("1-1", 0, modem)
    rows = world.until(lambda rows: any(r["state"] == "serving" for r in rows.values()))
    seconds = time.monotonic() - begun
    row = rows[serial(1)]
    assert (row["slot"], row["proxy_port"], row["wan_address"]) == (1, 3128, "10.64.1.2")
    assert (row["path"], row["usb_path"]) == (f"/dev/modems/{serial(1)}", "1-1")
    assert (row["at_port"], row["qmi_port"], row["interface"]) == ("ttyUSB3", "cdc-wdm0", "wwan0")
    assert seconds < 2.0  # a complete device waits for no debounce
    row = world.until(lambda rows: rows[serial(1)]["signal"] is not None)[serial(1)]
    assert (row["signal"], row["registration"]) == (-73, "home")
    assert row["operator"] == "Evil {{ lookup('pipe', 'id') }}'; DROP TABLE modems; --"

    world.unplug("1-1")
    row = world.until(lambda rows: rows[serial(1)]["status"] == "offline")[serial(1)]
    assert (row["present"], row["wan_address"]) == (False, None)
    world.plug("1-1.4", 2, modem)
    row = world.until(lambda rows: rows[serial(1)]["state"] == "serving")[serial(1)]
    assert (row["slot"], row["usb_path"], row["at_port"]) == (1, "1-1.4", "ttyUSB11")
    kinds = [event["kind"] for event in world.registry.events(serial(1), 20)][::-1]
    assert [k for k in kinds if k not in ("serving", "offline", "applying")] == [
        "registered", "unplugged", "plugged", "moved",
    ]  # fmt: skip


def test_all_that_is_said_becomes_rows(world: World, start: Callable[[], Agent]) -> None:
    start()
    world.plug("1-1", 0, PtyModem(1))
    world.until(lambda rows: any(r["signal"] is not None for r in rows.values()))
    book = LogBook(world.registry.database, "lab")
    deadline = time.monotonic() + WAIT_S
    rows: list[dict[str, Any]] = []
    while not {"AT+CGSN", "AT+QCCID", "AT+CIMI", "AT+CSQ", "AT+CEREG?", "AT+COPS?"} <= {
        row["command"] for row in rows
    }:
        assert time.monotonic() < deadline, rows
        time.sleep(0.05)
        rows = book.newest(99, serial(1))
    csq = next(row for row in rows if row["command"] == "AT+CSQ")
    assert (csq["answer"], csq["outcome"], csq["actor"]) == ("+CSQ: 20,0", "ok", "agent")
    assert len({row["correlation"] for row in rows}) >= 2  # an identification and a look


def test_modems_that_come_together_are_applied_together(
    world: World, start: Callable[[], Agent]
) -> None:
    """However slowly they are identified: no apply ends before all of them wait for theirs."""
    start()
    world.gate.clear()
    modems = [PtyModem(number) for number in range(1, 6)]
    for index, modem in enumerate(modems):
        world.plug(f"1-{index + 1}", index, modem)
    try:
        world.until(lambda rows: len(rows) == 5)
    finally:
        world.gate.set()
    rows = world.until(lambda rows: all(r["state"] == "serving" for r in rows.values()))
    assert sorted(row["slot"] for row in rows.values()) == [1, 2, 3, 4, 5]
    assert sorted(s for batch in world.applied for s in batch) == [serial(n) for n in range(1, 6)]
    assert len(world.applied) <= 3


def test_a_silent_modem_holds_nobody(world: World, start: Callable[[], Agent]) -> None:
    start()
    silent = PtyModem(1)
    silent.silent = True
    world.plug("1-1", 0, silent)
    world.plug("1-2", 1, PtyModem(2))
    world.until(lambda rows: rows.get(serial(2), {}).get("state") == "serving")
    deadline = time.monotonic() + WAIT_S
    while not (events := world.registry.events(None, 50)) or not any(
        event["kind"] == "unidentified" for event in events
    ):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    silent.silent = False
    world.until(lambda rows: rows.get(serial(1), {}).get("state") == "serving")


def test_the_same_imei_twice_is_quarantined(world: World, start: Callable[[], Agent]) -> None:
    start()
    world.plug("1-1", 0, PtyModem(1))
    world.until(lambda rows: rows.get(serial(1), {}).get("state") == "serving")
    world.plug("1-2", 1, PtyModem(1))
    row = world.until(lambda rows: rows[serial(1)]["status"] == "error")[serial(1)]
    assert (row["state"], row["present"]) == ("quarantined", False)
    assert row["reason"] == f"the IMEI {serial(1)} is at 1-1 and 1-2"
    world.unplug("1-2")
    world.until(lambda rows: rows[serial(1)]["state"] == "serving")


def test_without_the_database_a_known_modem_goes_on(
    world: World, start: Callable[[], Agent], server: Any
) -> None:
    start()
    modem = PtyModem(1)
    world.plug("1-1", 0, modem)
    world.until(lambda rows: rows.get(serial(1), {}).get("state") == "serving")
    world.registry.database.close()
    server.stop()
    applied = len(world.applied)
    try:
        world.unplug("1-1")
        world.plug("1-3", 1, modem)
        deadline = time.monotonic() + WAIT_S
        while len(world.applied) == applied:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        server.start()
    row = world.until(lambda rows: rows[serial(1)]["usb_path"] == "1-3")[serial(1)]
    assert row["slot"] == 1
    world.until(lambda rows: rows[serial(1)]["state"] == "serving")


def test_waiting_is_tried_again(world: World, start: Callable[[], Agent]) -> None:
    world.states[serial(1)] = "waiting"
    start()
    world.plug("1-1", 0, PtyModem(1))
    world.until(lambda rows: rows.get(serial(1), {}).get("state") == "waiting")
    world.states[serial(1)] = "serving"
    world.until(lambda rows: rows[serial(1)]["state"] == "serving")


def test_a_restarted_agent_keeps_slots_and_applies_all(
    world: World, start: Callable[[], Agent]
) -> None:
    first = start()
    world.plug("1-1", 0, PtyModem(1))
    world.until(lambda rows: rows.get(serial(1), {}).get("state") == "serving")
    first.end()
    world.agent = None
    world.unplug("1-1")
    start()
    world.until(lambda rows: rows[serial(1)]["state"] == "offline")
    assert world.rows()[serial(1)]["slot"] == 1


def test_forgetting_and_a_new_apn_reach_the_agent(world: World, start: Callable[[], Agent]) -> None:
    start()
    for number in (1, 2):
        world.plug(f"1-{number}", number, PtyModem(number))
    world.until(lambda rows: len(rows) == 2 and all(r["state"] == "serving" for r in rows.values()))
    before = len(world.applied)
    with world.registry.database._cursor() as cursor:
        cursor.execute("UPDATE modems SET apn = 'iot' WHERE serial = %s", (serial(1),))
    deadline = time.monotonic() + WAIT_S
    while [serial(1)] not in world.applied[before:]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert '"apn":"iot"' in (world.root / "modems.json").read_text()
    world.unplug("1-2")
    world.until(lambda rows: not rows[serial(2)]["present"])
    world.registry.forget(serial(2))
    while serial(2) in (world.root / "modems.json").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
