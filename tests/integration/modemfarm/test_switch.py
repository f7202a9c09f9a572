# SPDX-License-Identifier: GPL-3.0-or-later
"""Another 3proxy behind running instances: one after another, proved, and back again."""

import contextlib
import os
import signal
import threading
from pathlib import Path

import pytest

from modemfarm.errors import ConfigRefusedError, MissingPartError, PermanentError, ToolError
from modemfarm.proxy import switch as switching
from modemfarm.proxy.switch import Switch, point
from modemfarm.tasks import proxy as task

from .builds import archive, built, other_version, script
from .conftest import inside
from .instances import Instances, echo, put
from .test_proxies import http

URL = "http://ip.lab.test/address"


@pytest.fixture(scope="session")
def versions(threeproxy, tmp_path_factory):
    """Two real builds: the version of the role, and another one ($THREEPROXY_OTHER_ARCHIVE)."""
    other = os.environ.get("THREEPROXY_OTHER_ARCHIVE")
    if other is None:
        other = other_version(archive(), tmp_path_factory.mktemp("other") / "other.tar.gz")
    return threeproxy, built(other)


class Farm:
    """Slots 1 and 2 run `new`; `old` is there as well."""

    def __init__(self, net, folder, versions):
        self.net = net
        self.new, self.old = (
            put(program, folder, name)
            for program, name in zip(versions, ("new", "old"), strict=True)
        )
        self.link = folder / "sbin/3proxy"
        self.link.parent.mkdir()
        self.folder = folder
        point(self.link, self.new)
        self.units = Instances(net, self.link, folder)
        for slot in (1, 2):
            self.units.write(slot)
            self.units.start(slot)
        self.check = script("proxy-check", self.link, folder)

    def switch(self, program, check_mode=False, seconds=8.0, urls=(URL,)):
        with inside(self.net.host):
            return Switch(self.units, self.ask, self.link, urls, seconds).run(program, check_mode)

    def ask(self, config, program):
        task.take_or_refuse(config, program)

    def pids(self):
        return {slot: process.pid for slot, process in self.units.processes.items()}

    def runs(self, slot):
        return str(Path(f"/proc/{self.pids()[slot]}/exe").readlink())

    def program(self, name, text):
        """Something that is no 3proxy, put where one would be."""
        path = self.folder / name / "3proxy"
        path.parent.mkdir()
        path.write_text(text)
        path.chmod(0o755)
        return path


@pytest.fixture
def two(farm, versions, open_folder, monkeypatch):
    net, _ = farm
    made = Farm(net, open_folder, versions)
    monkeypatch.setattr("modemfarm.proxy.check.SCRIPT", made.check)
    with contextlib.closing(made.units), echo(net, net.one, net.two):
        yield made


def test_up_and_down_again_while_the_neighbours_stream_goes_on(two):
    """A stream ends only by the turn of its own instance, in both directions."""
    two.units.ends_by = signal.SIGTERM  # as systemd does it
    for program in (two.old, two.new):
        streams = {slot: two.units.stream(slot) for slot in (1, 2)}
        survived = []

        def see_the_other(unit, streams=streams, survived=survived):
            if unit == "3proxy@2.service":  # slot 1 has been restarted and proved by now
                survived.append(streams[2].alive())
                assert two.runs(1) == str(program)  # noqa: B023 - called within this turn
                assert two.runs(2) != str(program)  # noqa: B023

        two.units.before_restart = see_the_other
        outcome = two.switch(program)
        assert (outcome.changed, outcome.restarted) == (
            True,
            ["3proxy@1.service", "3proxy@2.service"],
        )
        assert survived == [True]
        assert streams[2].ticks > 100  # slot 1 alone takes three seconds to end
        assert {two.runs(1), two.runs(2)} == {str(program)}
        assert two.link.readlink() == program
        for slot, carrier in ((1, "one 10.64.1.2"), (2, "two 10.64.2.2")):
            got = two.net.tool(two.net.lan, "get", "192.168.1.100", 3127 + slot, "ip.lab.test:80")
            assert got == f"200 {carrier}"
        for stream in streams.values():
            stream.close()


def test_an_instance_that_runs_it_already_is_not_touched(two):
    assert two.switch(two.new).changed is False
    point(two.link, two.old)  # a run that was ended between two instances
    two.units.restart("3proxy@1.service")
    before, stream = two.pids(), two.units.stream(1)
    outcome = two.switch(two.old)
    assert outcome.restarted == ["3proxy@2.service"]
    assert two.pids()[1] == before[1]
    assert stream.alive()
    assert two.switch(two.old).changed is False


def test_check_mode_says_so_and_touches_nothing(two):
    before = two.pids()
    outcome = two.switch(two.old, check_mode=True)
    assert (outcome.changed, outcome.restarted) == (True, [])
    assert (outcome.before, outcome.after) == (str(two.new), str(two.old))
    assert (two.pids(), two.link.readlink()) == (before, two.new)


# Takes any configuration that it is asked about, and then does not serve.
IMPOSTOR = """#!/bin/sh
case $1 in /tmp/proxy-check.*) exec {real} "$1" ;; esac
{then}
"""


@pytest.mark.parametrize(
    ("then", "why"),
    [
        ("exec sleep 600", "port 3128 does not answer"),
        ("exit 0", "failed"),
        # Serves, and has no resolver: what an open port would not tell.
        ("""grep -v ^nserver "$1" >/tmp/$$.cfg; exec {real} /tmp/$$.cfg""", "port 3128 does not"),
    ],
    ids=["deaf", "ends", "no-resolver"],
)
def test_the_first_that_does_not_come_back_ends_it(two, then, why):
    bad = two.program("bad", IMPOSTOR.format(real=two.new, then=then.format(real=two.new)))
    before, stream = two.pids(), two.units.stream(2)
    with pytest.raises(ToolError) as caught:
        two.switch(bad, seconds=2.0)
    assert "3proxy@1.service" in caught.value.message
    assert why in caught.value.message
    assert f"{two.new} is back behind 1 of 1 restarted" in caught.value.message
    assert two.link.readlink() == two.new
    assert two.runs(1) == str(two.new)
    assert two.pids()[2] == before[2]
    assert stream.alive()
    assert http(two.net, "ip.lab.test:80") == "200 one 10.64.1.2"


def test_those_before_it_get_the_former_program_back_too(two):
    real_restart = two.units.restart

    def second_fails(unit):
        if unit == "3proxy@2.service" and two.link.readlink() == two.old:
            raise ToolError("restart of 3proxy@2.service: failed", "see the journal")
        real_restart(unit)

    two.units.restart = second_fails
    with pytest.raises(ToolError, match="is back behind 2 of 2 restarted"):
        two.switch(two.old)
    assert {two.runs(1), two.runs(2)} == {str(two.new)}


def test_a_request_that_came_back_before_has_to_come_back_after(two):
    """The port and the resolver are right, and nothing comes by the modem any more."""
    two.units.before_restart = lambda _: two.net.sh(
        two.net.host, "ip", "link", "set", "wwan0", "down"
    )
    with pytest.raises(ToolError, match="no request comes back through the modem"):
        two.switch(two.old, seconds=1.0)
    assert two.link.readlink() == two.new


def test_a_modem_that_is_away_does_not_stop_an_upgrade(two):
    two.net.sh(two.net.host, "ip", "link", "set", "wwan0", "down")
    assert len(two.switch(two.old).restarted) == 2


def test_a_program_that_does_not_take_a_configuration_is_refused(two):
    picky = two.program("picky", "#!/bin/sh\necho \"Unknown command: 'nscache' line 3\" >&2\n")
    before = two.pids()
    with pytest.raises(ConfigRefusedError, match=r"does not take .*1\.cfg.*line 3"):
        two.switch(picky)
    assert (two.pids(), two.link.readlink()) == (before, two.new)


def test_odd_programs_and_links_are_refused(two):
    before = two.pids()
    with pytest.raises(MissingPartError, match="is no program"):
        two.switch(two.folder / "nothing")
    loose = put(two.new, two.folder, "loose")
    loose.chmod(0o777)
    with pytest.raises(PermanentError, match="can be changed by others"):
        two.switch(loose)
    two.link.unlink()
    two.link.write_text("a file of somebody's")
    with pytest.raises(PermanentError, match="is no link"):
        two.switch(two.old)
    assert two.pids() == before


def test_the_link_leads_somewhere_at_every_moment(tmp_path):
    link, ends = tmp_path / "3proxy", (tmp_path / "a", tmp_path / "b")
    for end in ends:
        end.write_text("x")
    point(link, ends[0])
    done, missing, looks = threading.Event(), [], [0]

    def look():
        while not done.is_set():
            looks[0] += 1
            if not link.exists():
                missing.append(looks[0])

    thread = threading.Thread(target=look)
    thread.start()
    for number in range(500):
        point(link, ends[number % 2])
    done.set()
    thread.join()
    assert missing == []
    assert looks[0] > 500


def test_the_default_link_is_the_plans_path():
    assert str(switching.LINK) == "/usr/local/3proxy/sbin/3proxy"
