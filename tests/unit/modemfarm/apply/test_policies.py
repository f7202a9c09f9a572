# SPDX-License-Identifier: GPL-3.0-or-later
"""A modem's own policy on its way to its proxy: from the snapshot, on the fake host."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from modemfarm.proxy.users import User, document_of, make_hash

HASH = make_hash("correct horse battery")


@pytest.fixture
def two(farm):
    """Two modems that serve."""
    serials = farm.plug(1), farm.plug(2)
    farm.apply()
    return farm, *serials


def config(farm, slot=1):
    return (farm.root / f"etc/modemfarm/proxy/{slot}.cfg").read_text()


def write_users(farm, *users):
    path = farm.root / "etc/modemfarm/proxy-users.json"
    path.write_text(json.dumps(document_of(users)))


def test_an_override_is_reloaded_by_this_instance_only(two):
    farm, mine, other = two
    before = config(farm, 2)
    farm.rows[0]["policy"] = {"down_kbits": 8000}
    _, rows = farm.apply()
    assert (rows[mine]["state"], rows[mine]["changed"]) == ("serving", ["proxy"])
    assert (rows[other]["state"], rows[other]["changed"]) == ("serving", [])
    assert farm.world.count("ReloadUnit") == 1
    assert farm.world.count("RestartUnit") == 0
    assert "bandlimin 8000000 *" in config(farm)
    assert config(farm, 2) == before
    farm.rows[0]["policy"] = None
    farm.apply()
    assert "\nbandlimin" not in config(farm)


def test_the_farm_s_default_is_everybody_s(two):
    farm, *_ = two
    farm.settings["policy"] = {"denied_ports": [22]}
    farm.rows[0]["policy"] = {"denied_ports": []}
    farm.apply()
    assert "deny * * * " not in config(farm)
    assert "deny * * * 22\n" in config(farm, 2)


def test_a_policy_that_does_not_fit_leaves_the_instance_untouched(two):
    """The farm's clients have become fewer: the guard would not let them in."""
    farm, mine, other = two
    before = config(farm)
    farm.rows[0]["policy"] = {"clients": ["192.168.7.0/24"], "down_kbits": 8000}
    for check_mode in (True, False):
        _, rows = farm.apply(check_mode=check_mode)
        assert (rows[mine]["state"], rows[mine]["changed"]) == ("degraded", [])
        assert "policy.clients is '192.168.7.0/24'; the proxy keeps" in rows[mine]["reason"]
        assert "127.0.0.0/8" in rows[mine]["remedy"]
        assert rows[other]["state"] == "serving"
    assert config(farm) == before
    assert farm.world.count("ReloadUnit") == farm.world.count("RestartUnit") == 0


def test_a_new_modem_whose_policy_does_not_fit_is_not_served(farm):
    mine, other = farm.plug(1), farm.plug(2)
    farm.rows[0]["policy"] = {"clients": ["192.168.7.0/24"]}
    _, rows = farm.apply()
    assert (rows[mine]["state"], rows[other]["state"]) == ("failed", "serving")
    assert "policy.clients" in rows[mine]["reason"]
    assert not (farm.root / "etc/modemfarm/proxy/1.cfg").exists()


def test_a_user_goes_when_its_time_is_over(two):
    farm, mine, _ = two
    write_users(farm, User("alice", HASH), User("bob", HASH, datetime.now(UTC) + timedelta(days=1)))
    farm.rows[0]["policy"] = {"users": ["alice", "bob"]}
    result, _ = farm.apply()
    assert "allow alice,bob " in config(farm)
    assert (farm.root / "etc/modemfarm/proxy/1.cfg").stat().st_mode & 0o777 == 0o640
    assert HASH not in json.dumps(result)
    write_users(farm, User("alice", HASH), User("bob", HASH, datetime.now(UTC)))
    _, rows = farm.apply(check_mode=True)  # what the look for drift sees
    assert rows[mine]["changed"] == ["proxy"]
    result, _ = farm.apply()
    assert "allow alice 127" in config(farm)
    assert 'users "bob:' not in config(farm)
    assert HASH not in json.dumps(result)


def test_users_that_cannot_be_read_leave_the_instance_untouched(two):
    farm, mine, other = two
    (farm.root / "etc/modemfarm/proxy-users.json").write_text("{")
    before = config(farm)
    farm.rows[0]["policy"] = {"users": ["alice"]}
    _, rows = farm.apply()
    assert rows[mine]["state"] == "degraded"
    assert "proxy-users.json" in rows[mine]["reason"]
    assert rows[other]["state"] == "serving"  # it has no users
    assert config(farm) == before


def test_name_servers_of_the_bearer(two):
    farm, *_ = two
    world = farm.world
    world.modems["1-1"]["Bearers"] = ["/Bearer/0", "/Bearer/1"]
    world.bearers["/Bearer/1"] = {"dns1": "10.64.0.53", "dns2": "127.0.0.1", "dns3": "x\nsystem"}
    for row in farm.rows:
        row["policy"] = {"nameservers": "carrier"}
    farm.apply()
    assert "nserver 10.64.0.53\nnscache" in config(farm)
    assert "nserver 203.0.113.53\nnscache" in config(farm, 2)  # its bearer has none: the farm's
    world.fail["org.freedesktop.ModemManager1 GetManagedObjects"] = "it does not run"
    before = config(farm)
    farm.apply(wait=0)
    assert config(farm) == before  # nobody can tell: what it has stays


def test_a_policy_of_v2ray_restarts_this_instance_only(farm):
    farm.settings |= {"engine": "v2ray", "socks_port_base": 30000}
    base = farm.settings["port_base"]
    farm.world.ports = {
        f"v2ray-proxy@{slot}.service": {base + slot: 61000 + slot, 30000 + slot: 61000 + slot}
        for slot in (1, 2)
    }
    mine, other = farm.plug(1), farm.plug(2)
    farm.apply()
    farm.rows[0]["policy"] = {"protocols": ["socks"]}
    _, rows = farm.apply()
    assert rows[mine]["changed"] == ["proxy"]
    assert farm.world.count("RestartUnit", "v2ray-proxy@1") == farm.world.count("RestartUnit") == 1
    farm.rows[0]["policy"] = {"users": ["alice"]}
    _, rows = farm.apply()
    assert rows[mine]["state"] == "degraded"
    assert "policy.users" in rows[mine]["reason"]
    assert rows[other]["state"] == "serving"
