# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent's look sees of a 3proxy that is alive and does not serve; its neighbour serves on.

3proxy's process proves nothing: of these cases all but one have one that runs.
"""

import contextlib
import socket
import time

import pytest

from modemfarmd.agent.health import INTERVAL_S
from modemfarmd.agent.look import Looker, Patient
from modemfarmd.repair.evidence import Owner
from modemfarmd.repair.verdict import Verdict, judge

from .builds import script
from .conftest import SERIALS, inside
from .instances import LAN, Instances, config_text, echo
from .test_proxies import http

SEEN_S = 60.0  # FAULTS F43, F44
GONE_S = 15  # until 3proxy has acted on a signal, on a busy machine


class Farm:
    """Slot 2 serves; slot 1 is to be made ill."""

    def __init__(self, net, program, folder):
        self.net, self.folder, self.program = net, folder, program
        self.units = Instances(net, program, folder)
        self.good = config_text(net.settings, 1)
        for slot in (1, 2):
            self.units.write(slot)

    def start(self):
        for slot in (1, 2):
            self.units.start(slot)

    def reload_by_hand(self, text):
        """A signal past the check: what ExecReload never does."""
        if text is None:
            self.units.config(1).unlink()
        else:
            self.units.config(1).write_text(text)
        self.units.processes[1].send_signal(10)  # SIGUSR1

    def look(self, slot):
        """One look of the agent, and how long it took."""
        plan = self.net.settings.slot(slot)
        looker = Looker(self.net.settings.lan_address, "http://ip.lab.test/address")
        patient = Patient(SERIALS[slot - 1], None, plan.port, plan.uid, f"wwan{slot - 1}")
        began = time.monotonic()
        with inside(self.net.host):
            seen = looker(patient).evidence
        return seen, time.monotonic() - began

    def verdict(self):
        seen, took = self.look(1)
        # The agent looks at each modem every 30 s.
        assert took + INTERVAL_S < SEEN_S
        return judge(seen, 0, witness=True), seen


def corrupt_at_start(farm):
    farm.units.write(1, farm.good.replace("nscache", "nsache"))
    farm.units.start(2)
    assert farm.units.start(1, wait=False).wait(10) == 0  # and calls it a success


def missing_at_start(farm):
    farm.units.config(1).unlink()
    farm.units.start(2)
    farm.units.start(1, wait=False)


def corrupt_at_reload(farm):
    farm.start()
    farm.reload_by_hand(farm.good.replace("nscache", "nsache"))


def missing_at_reload(farm):
    farm.start()
    farm.reload_by_hand(None)


def empty_at_reload(farm):
    farm.start()
    farm.reload_by_hand("")


def resolvers_lost_at_reload(farm):
    farm.start()
    farm.reload_by_hand(farm.good + "nonsense\n")


def port_taken(farm):
    with inside(farm.net.host):
        farm.foreign = socket.create_server((LAN, 3128))
    farm.units.start(2)
    farm.units.start(1, wait=False)


def resolver_of_the_carrier_gone(farm):
    farm.start()
    farm.net.sh(farm.net.one, "ip", "address", "delete", "203.0.113.53/32", "dev", "lo")


CASES = {
    corrupt_at_start: (Verdict.PROXY_DEAD, Owner.NOBODY),
    missing_at_start: (Verdict.PROXY_DEAD, Owner.NOBODY),
    corrupt_at_reload: (Verdict.PROXY_DEAD, Owner.NOBODY),
    missing_at_reload: (Verdict.PROXY_DEAD, Owner.NOBODY),
    empty_at_reload: (Verdict.PROXY_DEAD, Owner.NOBODY),
    port_taken: (Verdict.PORT_TAKEN, Owner.FOREIGN),
    # It answers for itself, and nothing comes by name: the ladder's second step restarts it.
    resolvers_lost_at_reload: (Verdict.DATA_DEAD, Owner.OURS),
    resolver_of_the_carrier_gone: (Verdict.DATA_DEAD, Owner.OURS),
}


@pytest.fixture
def sick(farm, threeproxy, open_folder):
    net, _ = farm
    made = Farm(net, threeproxy, open_folder)
    made.foreign = None
    with contextlib.closing(made.units), echo(net, net.one, net.two):
        yield made
        if made.foreign is not None:
            made.foreign.close()


@pytest.mark.parametrize(
    ("case", "expected"), CASES.items(), ids=lambda x: getattr(x, "__name__", "")
)
def test_each_is_seen_and_the_neighbour_serves_on(sick, case, expected):
    case(sick)
    stream = sick.units.stream(2)
    deadline = time.monotonic() + GONE_S
    verdict, seen = sick.verdict()
    while (verdict, seen.owner) != expected and time.monotonic() < deadline:
        verdict, seen = sick.verdict()
    assert (verdict, seen.owner) == expected, seen
    assert seen.addresses == ("10.64.1.2",)
    assert stream.alive()
    other, _ = sick.look(2)
    assert (judge(other, 0, witness=True), other.echoed) == (Verdict.HEALTHY, "10.64.2.2")
    assert http(sick.net, "203.0.113.10:80") != "200 two 10.64.2.2"


def test_a_proxy_that_serves_is_healthy(sick):
    sick.start()
    verdict, seen = sick.verdict()
    assert (verdict, seen.owner, seen.echoed) == (Verdict.HEALTHY, Owner.OURS, "10.64.1.2")


@pytest.mark.parametrize("case", [corrupt_at_start, missing_at_start], ids=lambda x: x.__name__)
def test_the_unit_does_not_even_start_such_a_one(sick, case):
    """What ExecStartPre says before each start."""
    check = script("proxy-check", sick.program, sick.folder)
    sick.net.sh(sick.net.host, str(check), str(sick.units.config(1)))
    case(sick)
    with pytest.raises(AssertionError, match="proxy-check"):
        sick.net.sh(sick.net.host, str(check), str(sick.units.config(1)))
