# SPDX-License-Identifier: GPL-3.0-or-later
"""What a farm that keeps itself asks of a run: holds, locks, drift, what was lost, last good."""

import json
import os
import socket
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from modemfarm import modem_lock
from modemfarm.apply import lastgood
from modemfarm.apply.probe import ProbeError
from modemfarm.apply.rules import Rule
from modemfarm.contact import Contact
from modemfarm.errors import CommandTimeoutError, PermanentError
from modemfarm.reset import steps
from modemfarm.reset.comeback import Watch
from modemfarm.undo import Note, Undo
from modemfarm.usb import find_modem

READS = ("nft -j", "GetManagedObjects", "ListUnits", "GetUnitFile", " Get ", "Subscribe")


def hold(hours=1):
    until = (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
    return {"until": until, "by": "anna", "reason": "antenna work"}


def writes(farm):
    return [line for line in farm.world.calls if not any(word in line for word in READS)]


# Holds


def test_a_held_modem_is_not_touched(farm):
    held, free = farm.plug(1), farm.plug(2)
    farm.apply()
    before = farm.files()
    farm.rows[0] |= {"hold": hold(), "apn": "m2m.example"}
    farm.settings["max_connections"] = 7
    farm.world.units["3proxy@1.service"]["active"] = "failed"
    farm.world.rules = {rule for rule in farm.world.rules if rule.preference != 2001}
    _, rows = farm.apply()
    assert rows[held]["state"] == "held"
    assert rows[held]["reason"].startswith("held by anna until ")
    assert rows[held]["reason"].endswith(": antenna work")
    assert "modemfarm release" in rows[held]["remedy"]
    assert (rows[held]["changed"], rows[held]["interface"]) == ([], "wwan0")
    assert rows[free]["state"] == "serving"
    assert not [line for line in writes(farm) if "3proxy@1." in line or held in line]
    changed = {name for name, text in farm.files().items() if before.get(name) != text}
    assert changed == {"etc/modemfarm/proxy/2.cfg", "etc/modemfarm/proxy/last-good/2.cfg"}
    assert (61001, "wwan0") in farm.world.elements
    assert not any(rule.preference == 2001 for rule in farm.world.rules)


def test_a_held_modem_that_is_gone_is_still_blocked(farm):
    held = farm.plug(1)
    farm.apply()
    farm.rows[0] |= {"hold": hold(), "present": False}
    _, rows = farm.apply()
    assert (rows[held]["state"], rows[held]["changed"]) == ("held", ["guard"])
    assert farm.world.elements == set()
    assert (farm.root / "run/modemfarm/udev/1-1").exists()


def test_a_hold_that_is_over_holds_nothing(farm):
    serial = farm.plug(1)
    farm.rows[0]["hold"] = hold(-1)
    _, rows = farm.apply()
    assert rows[serial]["state"] == "serving"


def test_drift_of_a_held_modem_is_nobodys_business(farm):
    held = farm.plug(1)
    farm.rows[0]["hold"] = hold()
    _, rows = farm.apply(check_mode=True, prove=False)
    assert (rows[held]["state"], rows[held]["changed"]) == ("held", [])


# Locks


def test_a_busy_modem_waits_and_does_not_stop_the_others(farm):
    busy, free = farm.plug(1), farm.plug(2)
    folder = farm.root / "run/modemfarm/locks"
    began = time.monotonic()
    with modem_lock.held_one(busy, 0, "modem_reset (process 4711)", folder):
        _, rows = farm.apply(wait=1)
    assert rows[free]["state"] == "serving"
    assert sum(rows[free]["steps"].values()) < 1
    assert rows[busy]["state"] == "waiting"
    assert rows[busy]["reason"] == "another run works on it: modem_reset (process 4711)"
    assert rows[busy]["changed"] == []
    assert 1 <= time.monotonic() - began < 10
    assert not farm.world.count("3proxy@1.service')")


def test_a_modem_that_becomes_free_is_converged_in_the_same_run(farm):
    busy, free = farm.plug(1), farm.plug(2)
    folder, taken, leave = farm.root / "run/modemfarm/locks", threading.Event(), threading.Event()

    def hold_it():
        with modem_lock.held_one(busy, 0, "another", folder):
            taken.set()
            leave.wait(10)

    thread = threading.Thread(target=hold_it)
    thread.start()
    assert taken.wait(10)
    threading.Timer(0.5, leave.set).start()
    _, rows = farm.apply(wait=30)
    thread.join(10)
    assert {rows[busy]["state"], rows[free]["state"]} == {"serving"}


def test_two_runs_never_work_on_one_modem_at_once(farm, monkeypatch):
    """The lock is held for the whole run, and no longer."""
    serial = farm.plug(1)
    folder, seen = farm.root / "run/modemfarm/locks", []
    real = farm.bus.bring_up

    def look(*arguments):
        seen.append(modem_lock.is_held(serial, folder))
        real(*arguments)

    farm.bus.bring_up = look
    farm.apply()
    assert seen == [True]
    assert not modem_lock.is_held(serial, folder)


# Drift


def lose_guard_element(farm):
    farm.world.elements.clear()


def lose_rule(farm):
    farm.world.rules = {rule for rule in farm.world.rules if rule.preference != 2001}


def lose_route(farm):
    farm.world.routes.clear()


def lose_proxy(farm):
    farm.world.units["3proxy@1.service"]["active"] = "inactive"


def lose_config(farm):
    (farm.root / "etc/modemfarm/proxy/1.cfg").unlink()


def lose_port(farm):
    """3proxy is alive and deaf: its state proves nothing."""
    farm.world.listening.clear()
    farm.world.publish()
    farm.world.units["3proxy@1.service"]["changed"] = time.time() - 3600
    for path in (farm.root / "etc/modemfarm/proxy").glob("*.cfg"):
        os.utime(path, (1, 1))


def lose_profile(farm):
    for path in (farm.root / "etc/NetworkManager/system-connections").iterdir():
        path.unlink()


def lose_map(farm):
    (farm.root / "run/modemfarm/udev/1-1").unlink()


def lose_link(farm):
    (farm.root / "dev/modems" / farm.rows[0]["serial"] / "at").unlink()


@pytest.mark.parametrize(
    ("lose", "word"),
    [
        (lose_guard_element, "guard"), (lose_rule, "rule"), (lose_route, "route"),
        (lose_proxy, "proxy"), (lose_config, "proxy"), (lose_port, "proxy"),
        (lose_profile, "profile"), (lose_map, "link"), (lose_link, "link"),
    ],
)  # fmt: skip
def test_drift_is_found_changes_nothing_and_is_repaired(farm, lose, word):
    serial, other = farm.plug(1), farm.plug(2)
    for name in (serial, other):
        folder = farm.root / "dev/modems" / name
        folder.mkdir(parents=True)
        for port in ("at", "qmi"):
            (folder / port).symlink_to("x")
    farm.apply()
    result, rows = farm.apply(check_mode=True, prove=False)
    assert (result["changed"], result["host"]) == (False, [])
    lose(farm)
    before, elements, rules = farm.files(), set(farm.world.elements), set(farm.world.rules)
    result, rows = farm.apply(check_mode=True, prove=False)
    assert word in rows[serial]["changed"]
    assert result["host"] == []
    if lose not in (lose_guard_element, lose_route, lose_port, lose_profile):
        assert rows[other]["changed"] == []
    assert writes(farm) == []
    assert farm.files() == before
    assert (farm.world.elements, farm.world.rules) == (elements, rules)
    farm.apply()
    if lose is not lose_link:  # that one is udev's work
        result, rows = farm.apply(check_mode=True, prove=False)
        assert result["changed"] is False
        assert rows[serial]["state"] == "serving"


def test_drift_sends_no_request(farm, monkeypatch):
    farm.plug(1)
    farm.apply()

    def never(*_):
        pytest.fail("a request was sent")

    monkeypatch.setattr("modemfarm.apply.predict.probe", never)
    monkeypatch.setattr("modemfarm.apply.wait.probe", never)
    _, rows = farm.apply(check_mode=True, prove=False)
    (row,) = rows.values()
    assert (row["state"], row["wan_address"]) == ("serving", None)
    _, rows = farm.apply(prove=False)
    (row,) = rows.values()
    assert (row["state"], row["wan_address"], row["changed"]) == ("serving", None, [])


def test_an_unproved_port_must_have_its_listener(farm, monkeypatch):
    monkeypatch.setattr("modemfarm.apply.wait.LISTEN_S", 0.1)
    serial = farm.plug(1)
    farm.world.units["3proxy@1.service"] = {"deaf": True}
    _, rows = farm.apply(prove=False)
    assert (rows[serial]["state"], rows[serial]["reason"]) == (
        "failed", "nothing listens on the proxy port",
    )  # fmt: skip


@pytest.mark.parametrize("service", ["ModemManager1", "NetworkManager", "systemd1"])
def test_no_service_hides_drift(farm, service):
    serial = farm.plug(1)
    farm.apply()
    farm.world.chains = []
    lose_map(farm)
    farm.world.fail[f"org.freedesktop.{service} "] = "name has no owner"
    if service == "systemd1":
        del farm.world.fail["org.freedesktop.systemd1 "]
        farm.world.fail["ListUnitsByNames"] = "name has no owner"
    result, rows = farm.apply(check_mode=True, prove=False)
    assert result["host"] == ["guard"]
    assert {"guard", "link"} <= set(rows[serial]["changed"])
    assert "name has no owner" in rows[serial]["reason"]


# What all modems need


def reload(farm):
    """What modemfarm-routing.service does: an empty set first, then the rules."""

    def load():
        farm.world.say("routing: load")
        if not farm.world.chains:
            farm.world.elements.clear()
        farm.world.chains = ["output", "uplink"]
        uids = (61001, 61008)
        farm.world.rules |= {Rule(f, 2999, uids=uids, unreachable=True) for f in (4, 6)}
        farm.world.rules.add(Rule(4, 1000, source="127.0.0.1", table=254))

    return load


def test_a_guard_that_is_gone_is_loaded_block_first(farm):
    serials = [farm.plug(1), farm.plug(2)]
    farm.apply()
    farm.world.routing_unit = reload(farm)
    farm.world.chains, farm.world.elements = [], set()
    farm.world.rules = {rule for rule in farm.world.rules if rule.preference > 3000}
    result, rows = farm.apply(check_mode=True, prove=False)
    assert result["host"] == ["guard", "rule 2999", "rule 2999 of IPv6", "rule 1000"]
    assert writes(farm) == []
    result, rows = farm.apply()
    assert result["host"] == ["guard", "rule 2999", "rule 2999 of IPv6", "rule 1000"]
    assert result["changed"] is True
    order = ["routing: load", "rule add pref 2001", "nft -f"]
    first = [next(n for n, line in enumerate(farm.world.calls) if word in line) for word in order]
    assert first == sorted(first)
    assert [rows[serial]["state"] for serial in serials] == ["serving"] * 2
    assert farm.world.elements == {(61001, "wwan0"), (61002, "wwan1")}
    assert farm.apply()[0]["host"] == []


def test_an_emptied_chain_of_the_guard_is_a_guard_that_is_gone(farm):
    serial = farm.plug(1)
    farm.apply()
    farm.world.routing_unit = reload(farm)
    farm.world.chains = ["uplink"]
    _, rows = farm.apply()
    assert farm.world.chains == ["output", "uplink"]
    assert rows[serial]["state"] == "serving"


def test_without_a_guard_that_can_be_loaded_nothing_runs(farm):
    farm.plug(1)
    farm.world.chains = []
    with pytest.raises(PermanentError, match=r"cannot read the guard.*could not be loaded: Unit"):
        farm.apply()
    assert farm.world.count("StartUnit") == 0
    assert farm.world.elements == set()


# The last good configuration


def broken_by(text, farm):
    """A proxy that does not start with `text` in its configuration."""
    return lambda _: text in (farm.root / "etc/modemfarm/proxy/1.cfg").read_text()


def test_a_proxy_that_does_not_start_gets_its_last_good_configuration_back(farm):
    bad, other = farm.plug(1), farm.plug(2)
    farm.apply()
    config = farm.root / "etc/modemfarm/proxy/1.cfg"
    old = config.read_text()
    farm.settings["nameservers"] = ["203.0.113.54"]
    farm.world.units["3proxy@1.service"]["broken"] = broken_by("203.0.113.54", farm)
    _, rows = farm.apply()
    assert rows[bad]["state"] == "degraded", rows[bad]
    assert "reload of 3proxy@1.service: failed" in rows[bad]["reason"]
    assert "the last good one serves, the new one is tried again after" in rows[bad]["reason"]
    assert config.read_text() == old
    assert farm.world.units["3proxy@1.service"]["active"] == "active"
    assert (rows[other]["state"], rows[other]["changed"]) == ("serving", ["proxy"])
    # Within the back-off neither a run nor the look for drift touches it again.
    _, rows = farm.apply(check_mode=True, prove=False)
    assert (rows[bad]["state"], rows[bad]["changed"]) == ("degraded", [])
    _, rows = farm.apply()
    assert (rows[bad]["state"], rows[bad]["changed"]) == ("degraded", [])
    assert not farm.world.count("Unit ('3proxy@1")
    # Afterwards it is tried again, and once it works all is well.
    farm.forget_refusals()
    _, rows = farm.apply()
    assert rows[bad]["state"] == "degraded"
    farm.forget_refusals()
    del farm.world.units["3proxy@1.service"]["broken"]
    _, rows = farm.apply()
    assert (rows[bad]["state"], rows[bad]["reason"]) == ("serving", None)
    assert "203.0.113.54" in config.read_text()
    assert not list((config.parent / "last-good").glob("*.refused"))


def test_a_changed_wish_is_tried_at_once(farm):
    bad = farm.plug(1)
    farm.apply()
    farm.settings["nameservers"] = ["203.0.113.54"]
    farm.world.units["3proxy@1.service"]["broken"] = broken_by("203.0.113.54", farm)
    farm.apply()
    farm.settings["nameservers"] = ["203.0.113.55"]
    _, rows = farm.apply()
    assert (rows[bad]["state"], rows[bad]["changed"]) == ("serving", ["proxy"])


def test_a_proxy_that_starts_and_does_not_listen_goes_back_too(farm, monkeypatch):
    monkeypatch.setattr("modemfarm.apply.wait.LISTEN_S", 0.1)
    farm.settings |= {"engine": "v2ray", "socks_port_base": 30000}
    farm.world.ports = {
        "v2ray-proxy@1.service": {farm.settings["port_base"] + 1: 61001, 30001: 61001}
    }
    serial = farm.plug(1)
    farm.apply()
    unit, config = "v2ray-proxy@1.service", farm.root / "etc/modemfarm/proxy/1.json"
    old = config.read_text()
    farm.settings["nameservers"] = ["203.0.113.54"]
    real = farm.world.listen

    def listen(name, listens=True):
        real(name, listens and "203.0.113.54" not in config.read_text())

    farm.world.listen = listen
    _, rows = farm.apply(prove=False)
    assert rows[serial]["state"] == "degraded"
    assert "nothing listens on the proxy port" in rows[serial]["reason"]
    assert config.read_text() == old
    assert farm.world.units[unit]["active"] == "active"


def test_a_killed_run_leaves_what_the_next_one_needs(farm):
    """The new configuration is on disk, its proxy is down, and nobody saw it fail."""
    serial = farm.plug(1)
    farm.apply()
    config = farm.root / "etc/modemfarm/proxy/1.cfg"
    old = config.read_text()
    farm.settings["nameservers"] = ["203.0.113.54"]
    config.write_text(old.replace("203.0.113.53", "203.0.113.54"))
    farm.world.units["3proxy@1.service"] |= {
        "active": "failed", "broken": broken_by("203.0.113.54", farm),
    }  # fmt: skip
    _, rows = farm.apply()
    assert rows[serial]["state"] == "degraded"
    assert config.read_text() == old


def test_a_first_configuration_that_fails_has_none_to_go_back_to(farm):
    serial = farm.plug(1)
    farm.world.units["3proxy@1.service"] = {"broken": True}
    _, rows = farm.apply()
    assert rows[serial]["state"] == "failed"


def test_back_off_grows_and_survives_bad_files(tmp_path):
    config, now = tmp_path / "1.cfg", 1_000_000.0
    waits = [lastgood.refuse(config, "new", now) - now for _ in range(6)]
    assert waits == [60, 120, 240, 480, 900, 900]
    assert lastgood.read(config).refused_until("new", now) == now + 900
    assert lastgood.read(config).refused_until("newer", now) is None
    assert lastgood.read(config).refused_until("new", now + 901) is None
    assert lastgood.read(config).refused_until("new", now - 7200) is None  # the clock was set back
    assert lastgood.refuse(config, "newer", now) == now + 60
    refused = tmp_path / "last-good/1.cfg.refused"
    for torn in ("", "{", "[]", '{"digest": 1}', '{"digest": "x", "tries": "y", "until": 1}'):
        refused.write_text(torn)
        assert lastgood.read(config).refused_until("newer", now) is None
    lastgood.prove(config, "newer")
    assert lastgood.read(config) == lastgood.Kept("newer")


# What a killed step has left


def test_what_a_killed_step_left_off_is_switched_on_first(farm):
    serial, other = farm.plug(1), farm.plug(2)
    device = farm.root / "sys/bus/usb/devices/1-1"
    (device / "authorized").write_text("0")
    folder = farm.root / "run/modemfarm/undo"
    Note(serial, Undo("usb", "1-1"), folder)
    _, rows = farm.apply(check_mode=True, prove=False)
    assert (device / "authorized").read_text() == "0"
    _, rows = farm.apply(other)
    assert (device / "authorized").read_text() == "0"
    _, rows = farm.apply()
    assert (device / "authorized").read_text() == "1"
    assert rows[serial]["state"] == "serving"
    assert "undo" in rows[serial]["changed"]
    assert "undo" not in rows[other]["changed"]
    assert list(folder.iterdir()) == []


def test_what_cannot_be_undone_is_told_and_stops_nothing(farm):
    serial, other = farm.plug(1), farm.plug(2)
    folder = farm.root / "run/modemfarm/undo"
    Note(serial, Undo("radio", "1-1"), folder)  # there is no AT port behind these files
    farm.world.modems["1-1"] |= {"State": 7, "RegistrationState": 2}
    farm.world.refuse_activation[serial] = 32
    _, rows = farm.apply()
    assert rows[serial]["state"] == "waiting"
    assert (
        "not registered: searching; a killed step could not be undone: " in (rows[serial]["reason"])
    )
    assert rows[other]["state"] == "serving"
    assert [path.name for path in folder.iterdir()] == [serial]


# The proxy of one modem


def proxy_step(farm, serial):
    farm.apply()
    contact = Contact(serial, find_modem("1-1", farm.root), farm.root / "dev")
    watch = Watch(farm.root, farm.root / "run/lock")
    for path, name in (("etc/modemfarm", "farm.json"), ("var/lib/modemfarm", "modems.json")):
        (farm.root / path).mkdir(parents=True, exist_ok=True)
        (farm.root / path / name).write_text((farm.root / name).read_text())
    farm.world.calls.clear()
    place = steps.Workplace(lambda _: None, watch, lambda _: farm.host)
    outcome = steps.Outcome("proxy")
    return outcome, lambda: steps.run_step("proxy", contact, place, outcome)


def test_the_proxy_of_one_modem_is_restarted_and_answers(farm):
    serial, _ = farm.plug(1), farm.plug(2)
    outcome, run = proxy_step(farm, serial)
    farm.world.listening.clear()
    farm.world.publish()
    run()
    assert outcome.before.port == "its proxy does not listen"
    assert (outcome.after.port, outcome.after.error) == ("answers", None)
    assert farm.world.count("RestartUnit", "3proxy@1.service") == 1
    assert not farm.world.count("3proxy@2")


def test_a_proxy_that_stays_deaf_is_told(farm, monkeypatch):
    monkeypatch.setattr("modemfarm.reset.instance.LISTEN_S", 0.2)
    serial = farm.plug(1)
    outcome, run = proxy_step(farm, serial)
    farm.world.units["3proxy@1.service"]["deaf"] = True
    with pytest.raises(CommandTimeoutError, match="after a restart of 3proxy@1"):
        run()
    assert (outcome.before.port, outcome.after) == ("answers", None)


def test_a_proxy_that_hangs_is_told(farm, monkeypatch):
    """A stopped process has its socket; the kernel takes the connection, and nobody answers."""
    monkeypatch.setattr("modemfarm.apply.probe.REQUEST_TIMEOUT_S", 0.2)
    serial = farm.plug(1)
    outcome, run = proxy_step(farm, serial)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        farm.settings["port_base"] = port - 1
        (farm.root / "etc/modemfarm/farm.json").write_text(json.dumps(farm.settings))
        farm.world.ports = {"3proxy@1.service": {port: 61001}}
        farm.world.listen("3proxy@1.service")
        with pytest.raises(ProbeError, match="no answer within"):
            run()
    assert "no answer within" in outcome.before.port
