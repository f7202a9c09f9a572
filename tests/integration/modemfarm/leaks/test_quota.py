# SPDX-License-Identifier: GPL-3.0-or-later
"""A modem whose volume is used up: nobody new gets in, nobody else notices, and it stays so."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from modemfarm.apply.execute import Execution, run_barriers
from modemfarm.apply.host import Host
from modemfarm.apply.plan import Current, stop_steps
from modemfarm.apply.tools import run
from modemfarm.snapshot import ModemRecord
from modemfarmd.agent.meter import Meter

from ..conftest import SERIALS, inside
from .client import BRISK_S, OWN
from .world import HOST, MODEMS

RECORDS = tuple(ModemRecord(SERIALS[slot - 1], slot, f"1-{slot}", present=True) for slot in MODEMS)
HARD = (replace(RECORDS[0], quota="hard"), RECORDS[1])
SOFT = (replace(RECORDS[0], quota="soft"), RECORDS[1])


@pytest.fixture
def healed(world):
    world.heal()
    yield world
    world.heal()
    have(world, RECORDS)


def host(world):
    names = ("nsenter", f"--net=/run/netns/{world.names['host']}")
    return Host(
        runner=lambda command, text="", timeout=20.0: run((*names, *command), text, timeout)
    )


def stopped(world):
    return host(world).read_guard_sets()[1]


def have(world, records):
    """What an apply does to the guard, by the records of all modems; names of its steps."""
    steps = stop_steps(stopped(world), world.settings, records, ())
    execution = Execution()
    run_barriers(host(world), steps, execution)
    assert execution.errors == {}
    return [step.name for step in steps]


def refused(world, slot):
    """Whether each port of a slot refuses a new client at once."""
    found = set()
    for port in world.ports(slot):
        with inside(world.names["lan"]):
            try:
                socket.create_connection((HOST, port), BRISK_S, (OWN, 0)).close()
                found.add(False)
            except ConnectionRefusedError:
                found.add(True)
    assert len(found) == 1
    return found.pop()


def from_the_host(world, slot):
    """What the look for health gets through the port."""
    port = world.ports(slot)[0]
    script = (
        f"import http.client; c = http.client.HTTPConnection('{HOST}', {port}, timeout=6, "
        f"source_address=('{HOST}', 0)); c.request('GET', 'http://203.0.113.10:{8000 + slot}/'); "
        "print(c.getresponse().read().decode().strip())"
    )
    return world.sh(f'python3 -c "{script}"')


def test_a_stop_refuses_new_clients_of_this_modem_only(healed):
    assert have(healed, SOFT) == []
    one, two = healed.client(1), healed.client(2)
    one.prepare()
    assert one.ask() == healed.expected(1)
    one.prepare()
    healed.wires.forget()
    assert have(healed, HARD) == ["quota"]
    assert have(healed, HARD) == []
    assert refused(healed, 1)
    assert not refused(healed, 2)
    # Whoever was there goes on.
    answers = one.ask()
    assert answers["stream"] == healed.expected(1)["stream"]
    assert answers.get("udp", "") == healed.expected(1).get("udp", "")
    # A new association needs a new connection.
    assert answers.get("udp-new", "") == ""
    assert two.fresh() == healed.expected(2)
    assert from_the_host(healed, 1) == healed.expected(1)["http"]
    assert host(healed).read_guard_drops()["over_quota"] >= len(set(healed.ports(1)))
    assert healed.leaks() == []
    assert have(healed, RECORDS) == ["quota"]
    assert healed.client(1).fresh() == healed.expected(1)


def test_datagrams_to_the_port_itself_are_refused_as_well(healed):
    if healed.engine != "v2ray":
        pytest.skip("3proxy takes no datagrams at the port")
    have(healed, HARD)
    before = host(healed).read_guard_drops()["over_quota"]
    with inside(healed.names["lan"]), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"\0\0\0\1", (HOST, healed.ports(1)[1]))
        sender.sendto(b"\0\0\0\1", (HOST, healed.ports(2)[1]))
    assert host(healed).read_guard_drops()["over_quota"] == before + 1


def test_a_stop_stays_while_guard_and_nftables_are_loaded_anew(healed):
    have(healed, HARD)
    for words in ("", "nftables reload", "nftables stop", "nftables start", ""):
        healed.sh(f"sh {healed.routing} {words}")
        assert stopped(healed) == frozenset(healed.ports(1))
        assert refused(healed, 1)
        assert not refused(healed, 2)


def test_at_boot_nobody_gets_in_before_the_stop_is_there(healed):
    """The ruleset is gone, as after a boot: there is no way out before an apply, which first
    closes the ports.
    """
    have(healed, HARD)
    healed.sh("nft flush ruleset")
    healed.load()
    assert stopped(healed) == frozenset()
    one = healed.client(1, BRISK_S)
    assert set(one.fresh().values()) == {""}
    assert have(healed, HARD) == ["quota"]
    healed.element(1)
    assert refused(healed, 1)
    healed.element(2)
    assert healed.client(2).fresh() == healed.expected(2)


def test_ports_of_nobody_are_opened(healed):
    healed.sh("nft add element inet modemfarm_guard stopped '{ 3130, 4130, 9999 }'")
    assert have(healed, RECORDS) == ["quota"]
    assert stopped(healed) == frozenset()


def test_under_a_guard_of_before_nothing_is_planned(healed):
    old = Current(stopped=None)
    assert stop_steps(old.stopped, healed.settings, HARD, ()) == []


def test_the_counters_of_a_real_interface(healed, tmp_path):
    """What a client fetches is what the interface counts, and a new interface is another one."""
    _, device, _, _ = MODEMS[1]
    folder = tmp_path / "sys/bus/usb/devices/1-1/1-1:1.4/net"
    boot = tmp_path / "proc/sys/kernel/random/boot_id"
    boot.parent.mkdir(parents=True)
    boot.write_text(Path("/proc/sys/kernel/random/boot_id").read_text())

    def read():
        copy = folder / device
        (copy / "statistics").mkdir(parents=True, exist_ok=True)
        for name in ("ifindex", "statistics/rx_bytes", "statistics/tx_bytes"):
            # sysfs shows the network of who mounted it: a mount of its own for the host's.
            text = healed.sh(
                "unshare --mount sh -euc 'mount -t sysfs sysfs /sys; "
                f"cat /sys/class/net/{device}/{name}'"
            )
            (copy / name).write_text(f"{text}\n")
        found = Meter(tmp_path).read("1-1")
        assert found is not None
        return found

    before = read()
    assert healed.client(1).fresh() == healed.expected(1)
    after = read()
    assert after.source == before.source
    assert after.down > before.down
    assert after.up > before.up
    healed.sh(f"ip link delete {device}")
    healed.heal()
    again = read()
    assert again.source != before.source
    assert again.down < after.down
