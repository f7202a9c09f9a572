# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole run on a fake host: states, changes, order, isolation of failures, check mode."""

import stat
import threading
from types import SimpleNamespace

import pytest

from modemfarm.apply.host import Host
from modemfarm.errors import PermanentError, SettingsError, TransientError

STATIC = {"rule", "guard", "link", "proxy"}


def test_a_new_modem_is_served(farm):
    serial = farm.plug(1)
    result, rows = farm.apply(serial)
    row = rows[serial]
    assert (row["state"], row["reason"], row["remedy"]) == ("serving", None, None)
    assert (row["interface"], row["wan_address"], row["slot"]) == ("wwan0", "10.64.7.2", 1)
    assert set(row["changed"]) == STATIC | {"profile", "bearer"}
    assert result["changed"] is True
    assert farm.world.elements == {(61001, "wwan0")}
    assert {"read", "static", "bearer", "probe"} <= set(row["steps"])
    assert (farm.root / "run/modemfarm/udev/1-1").read_text() == f"MODEMFARM_SERIAL={serial}\n"
    profile = farm.root / f"etc/NetworkManager/system-connections/modem-{serial}.nmconnection"
    assert stat.S_IMODE(profile.stat().st_mode) == 0o600
    config = farm.root / "etc/modemfarm/proxy/1.cfg"
    assert stat.S_IMODE(config.stat().st_mode) == 0o640


def test_the_second_run_changes_nothing_and_is_cheap(farm):
    serials = [farm.plug(slot) for slot in (1, 2, 3)]
    farm.apply()
    result, rows = farm.apply()
    assert result["changed"] is False
    assert result["diff"] == []
    assert [rows[serial]["state"] for serial in serials] == ["serving"] * 3
    assert all(rows[serial]["changed"] == [] for serial in serials)
    assert farm.world.count("nft") == 1
    # units: list, 3 file states, 3 times; 2 managers; the subscription
    assert farm.world.count("org.freedesktop") == 10


def test_barriers_come_before_proxies_and_bearers(farm):
    farm.plug(1)
    farm.apply()
    wanted = ["rule add pref 2999", "rule add pref 2001", "nft -f", "EnableUnitFiles", "StartUnit",
              "LoadConnections", "ActivateConnection"]  # fmt: skip
    first = [next(n for n, line in enumerate(farm.world.calls) if word in line) for word in wanted]
    assert first == sorted(first)


def test_one_call_for_a_batch(farm):
    for slot in (1, 2, 3):
        farm.plug(slot)
    farm.apply()
    for word in ("EnableUnitFiles", "nft -f", "LoadConnections"):
        assert farm.world.count(word) == 1, word


def test_check_mode_predicts_and_touches_nothing(farm):
    serial = farm.plug(1)
    before = farm.files()
    predicted, rows = farm.apply(check_mode=True)
    assert farm.files() == before
    assert not (farm.root / "run/modemfarm/udev/.lock").exists()
    assert farm.world.elements == set()
    reads = ("nft -j", "GetManagedObjects", "ListUnits", "GetUnitFile", " Get ", "Subscribe")
    assert [line for line in farm.world.calls if not any(word in line for word in reads)] == []
    assert rows[serial]["state"] == "waiting"
    assert "check mode" in rows[serial]["reason"]
    done, real = farm.apply()
    assert set(rows[serial]["changed"]) == set(real[serial]["changed"])
    headers = {item["after_header"] for item in predicted["diff"]}
    assert headers == {item["after_header"] for item in done["diff"]}
    after, rows = farm.apply(check_mode=True)
    assert (after["changed"], after["diff"]) == (False, [])
    assert rows[serial]["state"] == "serving"


def test_absent_modem_is_cut_off_but_its_proxy_runs(farm):
    serial, other = farm.plug(1), farm.plug(2)
    farm.apply()
    farm.rows[0]["present"] = False
    result, rows = farm.apply(serial)
    assert rows[serial]["state"] == "offline"
    assert set(rows[serial]["changed"]) == {"guard", "link"}
    assert farm.world.elements == {(61002, "wwan1")}
    assert not (farm.root / "run/modemfarm/udev/1-1").exists()
    assert farm.world.units["3proxy@1.service"]["active"] == "active"
    assert farm.world.count("GetManagedObjects") == 0  # an unplug must not wait for anybody
    assert other not in rows
    assert result["changed"] is True


def test_present_in_the_registry_but_not_on_the_bus(farm):
    serial = farm.plug(1)
    farm.rows[0]["usb_path"] = "1-5"
    _, rows = farm.apply()
    assert rows[serial]["state"] == "offline"
    assert "1-5" in rows[serial]["reason"]
    assert farm.world.elements == set()


def test_replug_into_another_place_with_other_numbers(farm, make_modem):
    serial = farm.plug(1)
    farm.apply()
    make_modem("1-7", 6)
    farm.rows[0]["usb_path"] = "1-7"
    farm.world.modems.clear()
    farm.world.devices.clear()
    farm.world.routes.clear()
    farm.world.add_modem(serial, "1-7", 6)
    _, rows = farm.apply()
    assert rows[serial]["state"] == "serving"
    assert rows[serial]["interface"] == "wwan6"
    assert farm.world.elements == {(61001, "wwan6")}
    assert set(rows[serial]["changed"]) == {"guard", "link", "bearer"}
    assert sorted(p.name for p in (farm.root / "run/modemfarm/udev").iterdir()) == [".lock", "1-7"]


def test_an_interface_is_taken_from_its_former_owner(farm):
    farm.plug(1)
    farm.world.elements.add((61002, "wwan0"))
    farm.apply()
    assert farm.world.elements == {(61001, "wwan0")}


@pytest.mark.parametrize(
    ("change", "state", "words"),
    [
        ({"EquipmentIdentifier": "867584030000999"}, "failed", "another modem"),
        ({"State": -1, "StateFailedReason": 2}, "failed", "no SIM"),
        ({"State": -1, "StateFailedReason": 3}, "failed", "SIM error"),
        ({"State": 2, "UnlockRequired": 2}, "failed", "PIN required"),
        ({"State": 2, "UnlockRequired": 4}, "failed", "PUK required"),
        ({"State": 2, "UnlockRequired": 99}, "failed", "SIM lock 99"),
        ({"EquipmentIdentifier": ""}, "waiting", "still reading"),
        ({"State": 1}, "waiting", "initialising"),
        ({"PrimaryPort": "cdc-wdm9"}, "failed", "cdc-wdm9"),
        ({"DeviceIdentifier": "x\ny"}, "failed", "device identifier"),
    ],
)
def test_reasons_from_modemmanager(farm, change, state, words):
    bad, good = farm.plug(1), farm.plug(2)
    farm.world.modems["1-1"].update(change)
    _, rows = farm.apply(wait=1)
    assert rows[bad]["state"] == state
    assert words in rows[bad]["reason"]
    assert rows[bad]["remedy"]
    assert rows[good]["state"] == "serving"
    assert not farm.world.count("ActivateConnection", "cdc_wdm0")


def open_by_agent(farm, monkeypatch, opens):
    """A modem that ModemManager takes for locked, whose SIM the agent has opened by AT."""
    serial = farm.plug(1)
    farm.rows[0]["sim_open"] = True
    farm.world.modems["1-1"] |= {"State": 2, "UnlockRequired": 2}
    asked = []

    def reprobe(*who):
        asked.append(who[:2])
        if opens:
            farm.world.modems["1-1"] |= {"State": 8, "UnlockRequired": 1}
        return SimpleNamespace(path="/org/freedesktop/ModemManager1/Modem/9")

    monkeypatch.setattr("modemfarm.apply.host.reprobe", reprobe)
    return serial, asked


def test_modemmanager_looks_again_at_a_sim_that_the_agent_has_opened(farm, monkeypatch):
    serial, asked = open_by_agent(farm, monkeypatch, opens=True)
    _, rows = farm.apply()
    assert asked == [(serial, "1-1")]
    assert rows[serial]["state"] == "serving"
    assert "reprobe" in rows[serial]["changed"]


def test_it_looks_once_and_a_lock_that_stays_is_the_reason(farm, monkeypatch):
    serial, asked = open_by_agent(farm, monkeypatch, opens=False)
    _, rows = farm.apply()
    assert len(asked) == 1
    assert (rows[serial]["state"], rows[serial]["reason"]) == ("failed", "PIN required")


def test_wrong_composition(farm):
    bad, good = farm.plug(1, data_driver="cdc_ether", data_class=("02", "06", "00")), farm.plug(2)
    _, rows = farm.apply()
    assert rows[bad]["state"] == "failed"
    assert "wrong composition: ecm" in rows[bad]["reason"]
    assert rows[good]["state"] == "serving"
    assert farm.world.elements == {(61002, "wwan1")}


def test_modemmanager_has_not_seen_it(farm):
    serial, good = farm.plug(1, seen=False), farm.plug(2)
    _, rows = farm.apply(wait=1)
    assert rows[serial]["state"] == "waiting"
    assert "ModemManager has not seen it (waited 1 s)" in rows[serial]["reason"]
    assert rows[good]["state"] == "serving"


def test_modemmanager_sees_it_late(farm):
    serial = farm.plug(1, seen=False)
    threading.Timer(0.4, farm.world.add_modem, (serial, "1-1", 0)).start()
    _, rows = farm.apply()
    assert rows[serial]["state"] == "serving"
    assert rows[serial]["steps"]["modemmanager"] > 0.2


def test_ports_appear_late(farm, make_modem):
    serial = farm.plug(1, bound=False)
    folder = farm.root / "sys/devices/platform/vhci_hcd.0/usb1/1-1/1-1:1.4"

    def bind():
        (folder / "usbmisc/cdc-wdm0").mkdir(parents=True)
        (folder / "net/wwan0").mkdir(parents=True)

    threading.Timer(0.3, bind).start()
    _, rows = farm.apply()
    assert rows[serial]["state"] == "serving"
    assert farm.world.elements == {(61001, "wwan0")}
    assert "guard" in rows[serial]["changed"]


@pytest.mark.parametrize("service", ["ModemManager1", "NetworkManager"])
def test_a_dead_manager(farm, service):
    serial = farm.plug(1)
    farm.world.fail[f"org.freedesktop.{service} GetManaged"] = "name has no owner"
    _, rows = farm.apply(wait=1)
    assert rows[serial]["state"] == "waiting"
    assert "does not answer: name has no owner" in rows[serial]["reason"]
    assert set(rows[serial]["changed"]) >= STATIC


@pytest.mark.parametrize(
    ("said", "registration", "words", "tries"),
    [
        (27, 1, "bearer refused: the dial failed", 2),
        (29, 1, "bearer refused: the APN was not accepted", 2),
        (99, 1, "bearer refused: reason 99", 2),
        (45, 1, "no SIM", 1),
        (46, 1, "PIN required", 1),
        (32, 3, "the network denied registration", 1),
        ("not authorized", 1, "bearer refused: not authorized", 2),
    ],
)
def test_a_refused_bearer(farm, said, registration, words, tries):
    bad, good = farm.plug(1), farm.plug(2)
    farm.world.refuse_activation[bad] = said
    farm.world.modems["1-1"]["RegistrationState"] = registration
    _, rows = farm.apply()
    assert (rows[bad]["state"], rows[bad]["reason"]) == ("failed", words)
    assert farm.world.count("ActivateConnection", "cdc_wdm0") == tries
    assert rows[good]["state"] == "serving"


def test_no_network(farm):
    serial = farm.plug(1)
    farm.world.modems["1-1"].update(State=7, RegistrationState=2)
    farm.world.refuse_activation[serial] = 32
    _, rows = farm.apply()
    assert rows[serial]["state"] == "waiting"
    assert rows[serial]["reason"] == "not registered: searching"


def test_an_activation_that_takes_too_long(farm):
    serial = farm.plug(1)
    farm.world.modems["1-1"].update(State=7, RegistrationState=2)

    def slow(serial, index, table):
        farm.world.devices["cdc-wdm0"].update(State=50, profile=f"modem-{serial}")
        farm.world.actives["/Active/cdc_wdm0"] = 1

    farm.bus.bring_up = slow
    _, rows = farm.apply(wait=1)
    assert rows[serial]["state"] == "waiting"
    assert rows[serial]["reason"].startswith("not registered: searching (waited 1")
    assert farm.world.count("ActivateConnection") == 1
    _, rows = farm.apply(wait=1)  # it is still under way: nobody starts another one
    assert rows[serial]["reason"].startswith("the bearer is being set up")
    assert farm.world.count("ActivateConnection") == 0


def test_a_bearer_in_the_wrong_table_is_taken_down(farm):
    bad, good = farm.plug(1), farm.plug(2)
    real = farm.bus.bring_up

    def wrong_table(serial, index, table):
        real(serial, index, table)
        if index == 0:
            farm.world.routes = (farm.world.routes - {(1001, "wwan0")}) | {(1009, "wwan0")}

    farm.bus.bring_up = wrong_table
    _, rows = farm.apply()
    assert rows[bad]["state"] == "failed"
    assert "table 1001 leads to nothing, not to wwan0" in rows[bad]["reason"]
    assert farm.world.devices["cdc-wdm0"]["profile"] is None
    assert farm.world.count("LoadConnections") == 2  # the second try reads the profile anew
    assert rows[good]["state"] == "serving"


def test_port_held_by_somebody_else(farm, proxies):
    bad, good = farm.plug(1), farm.plug(2)
    line = (
        f"  0: 0100007F:{proxies + 1:04X} 00000000:0000 0A 0:0 00:0 0  1000 0 4242 1 x 100 0 0 10 0"
    )
    (farm.root / "proc/net/tcp").write_text(f"head\n{line}\n")
    process = farm.root / "proc/4711"
    (process / "fd").mkdir(parents=True)
    (process / "comm").write_text("nginx\n")
    (process / "fd/5").symlink_to("socket:[4242]")
    _, rows = farm.apply()
    assert rows[bad]["state"] == "failed"
    assert rows[bad]["reason"] == (
        f"port_conflict: proxy port {proxies + 1} is held by a foreign process"
        " (pid 4711 (nginx), uid 1000)"
    )
    assert farm.files()["etc/modemfarm/proxy/2.cfg"]
    assert "etc/modemfarm/proxy/1.cfg" not in farm.files()
    assert rows[good]["state"] == "serving"
    assert "3proxy@1.service" not in farm.world.units


def test_a_unit_that_fails_stops_only_its_modem(farm):
    bad, good = farm.plug(1), farm.plug(2)
    farm.world.units["3proxy@1.service"] = {"broken": True}
    _, rows = farm.apply()
    assert rows[bad]["state"] == "failed"
    assert rows[bad]["reason"] == "start of 3proxy@1.service: failed (exit-code)"
    assert rows[good]["state"] == "serving"


@pytest.mark.parametrize("word", ["StartUnit ('3proxy@1", "EnableUnitFiles (['3proxy@1"])
def test_a_unit_that_cannot_be_changed(farm, word):
    bad, good = farm.plug(1), farm.plug(2)
    farm.world.fail[word] = "Unit 3proxy@1.service not found."
    _, rows = farm.apply()
    assert (rows[bad]["state"], rows[good]["state"]) == ("failed", "serving")
    assert "not found" in rows[bad]["reason"]


def test_a_service_that_answers_late_needs_time_and_no_person(farm):
    late, good = farm.plug(1), farm.plug(2)
    farm.world.late = lambda call: (
        (call.member, call.values[:1])
        == (
            "StartUnit",
            ("3proxy@1.service",),
        )
    )
    _, rows = farm.apply()
    assert (rows[late]["state"], rows[good]["state"]) == ("waiting", "serving")
    assert "systemd1 gives no answer" in rows[late]["reason"]
    assert rows[late]["remedy"] == "wait"
    farm.world.late = lambda _: False
    assert farm.apply()[1][late]["state"] == "serving"


def test_an_activation_that_is_answered_late_is_looked_at_again(farm):
    serial = farm.plug(1)
    farm.world.late = lambda call: call.member == "ActivateConnection"
    _, rows = farm.apply()
    assert rows[serial]["state"] == "serving"
    assert farm.world.count("ActivateConnection") == 1


def test_an_absent_modems_broken_proxy_is_told(farm):
    serial = farm.plug(1, present=False)
    farm.world.units["3proxy@1.service"] = {"broken": True}
    _, rows = farm.apply()
    assert rows[serial]["state"] == "failed"
    assert "start of 3proxy@1.service" in rows[serial]["reason"]


def test_a_job_that_never_ends(farm, monkeypatch):
    monkeypatch.setattr("modemfarm.apply.systemd.JOB_TIMEOUT_S", 0.3)
    serial = farm.plug(1)
    farm.bus._StartUnit = lambda call: ("o", ("/job/none",))
    _, rows = farm.apply()
    assert rows[serial]["reason"] == "start of 3proxy@1.service: timeout (exit-code)"


def test_a_guard_that_cannot_be_changed_stops_the_modem_before_it_is_dangerous(farm):
    bad, good = farm.plug(1), farm.plug(2)
    farm.world.fail["{ 61001 ."] = "nft: no"
    _, rows = farm.apply()
    assert rows[bad]["state"] == "failed"
    assert not farm.world.count("ActivateConnection", "cdc_wdm0")
    assert "3proxy@1.service" not in farm.world.units
    assert rows[good]["state"] == "serving"


def test_without_the_guard_nothing_runs(farm):
    farm.plug(1)
    farm.world.fail["nft -j"] = "No such file or directory"
    with pytest.raises(PermanentError, match="guard"):
        farm.apply()
    assert farm.world.count("StartUnit") == 0


def test_missing_rules_come_back_without_touching_others(farm):
    serial = farm.plug(1)
    farm.apply()
    farm.world.rules = {r for r in farm.world.rules if r.preference not in (2001, 2999)}
    result, rows = farm.apply()
    assert rows[serial]["changed"] == ["rule"]
    assert rows[serial]["state"] == "serving"
    assert sorted(r.preference for r in farm.world.rules if r.family == 4) == [
        501, 1000, 2001, 2999, 32766,
    ]  # fmt: skip
    assert sorted(r.preference for r in farm.world.rules if r.family == 6) == [2999, 32766]
    assert {item["after_header"] for item in result["diff"]} == {"ip rule"}


def test_a_changed_apn_is_brought_up_anew(farm):
    serial = farm.plug(1)
    farm.apply()
    farm.rows[0]["apn"] = "m2m.example"
    _, rows = farm.apply()
    assert rows[serial]["state"] == "serving"
    assert rows[serial]["changed"] == ["profile", "bearer"]
    assert farm.world.count("LoadConnections") == 1


def test_a_changed_config_is_checked_before_the_swap(farm):
    bad, good = farm.plug(1), farm.plug(2)
    farm.apply()
    config = farm.root / "etc/modemfarm/proxy/1.cfg"
    old = config.read_text()
    farm.settings["max_connections"] = 7
    farm.world.refuse_config = f"auto -p{farm.settings['port_base'] + 1} "
    _, rows = farm.apply()
    assert rows[bad]["state"] == "degraded"  # the old one serves on
    assert "the engine refuses the new configuration (failed)" in rows[bad]["reason"]
    assert rows[bad]["changed"] == []
    assert config.read_text() == old
    assert not farm.world.count("Unit ('3proxy@1")
    assert (rows[good]["state"], rows[good]["changed"]) == ("serving", ["proxy"])
    names = sorted(p.name for p in config.parent.iterdir())
    assert names == ["1.cfg", "2.cfg", "last-good"]
    farm.world.refuse_config = "nothing"
    farm.forget_refusals()
    _, rows = farm.apply()
    assert (rows[bad]["state"], rows[bad]["changed"]) == ("serving", ["proxy"])
    assert farm.world.count("ReloadUnit") == 1


def test_a_check_that_cannot_run_keeps_the_old_config(farm):
    serial = farm.plug(1)
    farm.apply()
    farm.settings["max_connections"] = 7
    farm.world.fail["StartTransientUnit"] = "access denied"
    _, rows = farm.apply()
    assert (rows[serial]["state"], rows[serial]["reason"]) == ("degraded", "access denied")
    farm.world.fail.clear()
    _, rows = farm.apply()  # it was not the configuration's fault: no back-off
    assert (rows[serial]["state"], rows[serial]["changed"]) == ("serving", ["proxy"])


def test_a_process_older_than_its_configuration_reads_it_again(farm):
    serial = farm.plug(1)
    farm.apply()
    farm.world.units["3proxy@1.service"]["changed"] = 1000
    _, rows = farm.apply()
    assert rows[serial]["changed"] == ["proxy"]
    assert farm.world.count("ReloadUnit") == 1


def test_a_failed_unit_is_started_again(farm):
    serial = farm.plug(1)
    farm.apply()
    farm.world.units["3proxy@1.service"]["active"] = "failed"
    _, rows = farm.apply()
    assert (rows[serial]["state"], rows[serial]["changed"]) == ("serving", ["proxy"])
    assert farm.world.count("ResetFailedUnit") == 1


def test_unknown_serial_and_slot_beyond_the_host(farm):
    serial, far = farm.plug(1), farm.plug(9)
    _, rows = farm.apply(serial, far, "123456789012345")
    assert rows[serial]["state"] == "serving"
    assert "slot is 9" in rows[far]["reason"]
    assert "not in the snapshot" in rows["123456789012345"]["reason"]
    assert rows["123456789012345"]["slot"] is None


def test_present_without_a_place(farm):
    serial = farm.plug(1)
    farm.rows[0]["usb_path"] = None
    _, rows = farm.apply()
    assert (rows[serial]["state"], farm.world.count("GetManagedObjects")) == ("waiting", 0)


def test_probe_without_a_listener(farm, monkeypatch):
    monkeypatch.setattr("modemfarm.apply.wait.PROBE_CAP_S", 0.5)
    farm.settings["port_base"] = 1023  # nothing listens on 1024
    serial = farm.plug(1)
    _, rows = farm.apply()
    assert rows[serial]["state"] == "failed"
    assert "probe failed: nothing listens" in rows[serial]["reason"]


def test_settings_that_cannot_be_used_stop_all(farm):
    farm.settings["engine"] = "squid"
    with pytest.raises(SettingsError):
        farm.apply()


def test_root_refuses_a_folder_that_is_not_its_own(farm):
    farm.plug(1)
    folder = farm.root / "run/modemfarm/udev"
    folder.rmdir()
    folder.symlink_to(farm.root / "etc")
    with pytest.raises(PermanentError, match="not a directory of root"):
        farm.apply()
    assert sorted(p.name for p in (farm.root / "etc").iterdir()) == ["NetworkManager", "modemfarm"]


def test_two_runs_do_not_change_barriers_at_once(farm, monkeypatch):
    monkeypatch.setattr("modemfarm.apply.host.LOCK_WAIT_S", 0.1)
    farm.plug(1)
    other = Host(farm.root)
    with other.alone(), pytest.raises(TransientError, match="another run"):
        farm.apply()
    assert farm.apply()[0]["changed"] is True
    lock = farm.root / "run/modemfarm/udev/.lock"
    assert stat.S_IMODE(lock.stat().st_mode) == 0o600


def test_v2ray_has_two_ports_and_no_reload(farm):
    farm.settings |= {"engine": "v2ray", "socks_port_base": 30000}
    serial = farm.plug(1)
    _, rows = farm.apply()
    assert rows[serial]["state"] == "serving"
    assert "v2ray-proxy@1.service" in farm.world.units
    assert (farm.root / "etc/modemfarm/proxy/1.json").exists()
