# SPDX-License-Identifier: GPL-3.0-or-later
"""A new configuration in a running 3proxy: taken, not asked for, or started anew."""

import contextlib
import dataclasses
import signal
import subprocess
import threading
import time

import pytest

from modemfarm.proxy import mark, proof

from .builds import script
from .conftest import inside
from .instances import Instances, config_text, echo
from .test_proxies import http

RELOADS = 20
SCRIPT_CAP_S = 30


class Farm:
    """Slots 1 and 2, and the script of the units' ExecReload."""

    def __init__(self, net, program, folder):
        self.net, self.folder, self.program = net, folder, program
        self.units = Instances(net, program, folder)
        for slot in (1, 2):
            self.units.write(slot)
            self.units.start(slot)
        script("proxy-check", program, folder)
        self.script = script("proxy-reload", program, folder)

    def reload(self, slot, pid=None):
        """Run the script as the unit would; the finished process."""
        return subprocess.run(
            ("ip", "netns", "exec", self.net.host, str(self.script), str(self.units.config(slot)),
             str(pid or self.units.processes[slot].pid)),
            capture_output=True, text=True, timeout=SCRIPT_CAP_S, check=False,
        )  # fmt: skip

    def text(self, slot, connections):
        settings = dataclasses.replace(self.net.settings, max_connections=connections)
        return config_text(settings, slot)

    def knows(self, slot, text):
        """Whether the process behind a port has taken `text`."""
        with inside(self.net.host):
            return proof.look(proof.Port.of(text), ()).took


@pytest.fixture
def two(farm, threeproxy, open_folder):
    net, _ = farm
    made = Farm(net, threeproxy, open_folder)
    with contextlib.closing(made.units), echo(net, net.one, net.two):
        yield made


def test_a_reload_is_over_when_the_process_has_taken_the_file(two):
    for connections in (100, 200, 300):
        text = two.text(1, connections)
        assert not two.knows(1, text)
        two.units.write(1, text)
        done = two.reload(1)
        assert (done.returncode, done.stderr) == (0, "")
        assert two.knows(1, text)
        assert http(two.net, "ip.lab.test:80") == "200 one 10.64.1.2"


def test_streams_survive_twenty_reloads_of_their_own_and_of_their_neighbours(two):
    streams = {slot: two.units.stream(slot) for slot in (1, 2)}
    pids = {slot: process.pid for slot, process in two.units.processes.items()}
    failed = []

    def reloads(slot):
        for number in range(RELOADS):
            two.units.write(slot, two.text(slot, 100 + number))
            done = two.reload(slot)
            if done.returncode != 0 or done.stderr:
                failed.append((slot, number, done.stderr))

    workers = [threading.Thread(target=reloads, args=(slot,)) for slot in streams]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failed == []
    for slot, stream in streams.items():
        assert stream.alive()
        assert stream.ticks > 10 * RELOADS  # 50 a second for half a minute, less on a busy machine
        stream.close()
        assert two.knows(slot, two.text(slot, 100 + RELOADS - 1))
        assert two.units.processes[slot].pid == pids[slot]
        assert two.units.processes[slot].poll() is None


BAD = {
    "unknown command": lambda text: text.replace("nscache", "nsache"),
    "foreign command": lambda text: text + "system id\n",
    "bad address": lambda text: text.replace("nserver 203.0.113.53", "nserver not-an-address."),
    "bad network": lambda text: text.replace("192.168.1.0/24", "192.168.1.0/99"),
    "bad number": lambda text: text.replace("maxconn ", "maxconn x"),
    "port zero": lambda text: text.replace("-p3128 ", "-p0 "),
    "port too large": lambda text: text.replace("-p3128 ", "-p99999 "),
    "port far too large": lambda text: text.replace("-p3128 ", "-p18446744073709551617 "),
    "no service": lambda text: "\n".join(x for x in text.splitlines() if "auto" not in x) + "\n",
    "cut off": lambda text: text[: len(text) // 2],
    "after the service": lambda text: text + "nonsense\n",
    "empty": lambda text: "",
}


@pytest.mark.parametrize("damage", BAD.values(), ids=BAD)
def test_a_bad_file_is_refused_and_the_process_not_asked(two, damage):
    good = two.text(1, 100)
    two.units.write(1, good)
    assert two.reload(1).returncode == 0
    before = two.units.processes[1].pid
    two.units.config(1).write_text(damage(two.text(1, 200)))
    done = two.reload(1)
    assert done.returncode != 0
    assert done.stderr.startswith("proxy-check: ")
    assert two.units.processes[1].poll() is None
    assert two.units.processes[1].pid == before
    assert two.knows(1, good)
    assert http(two.net, "ip.lab.test:80") == "200 one 10.64.1.2"


def test_a_missing_file_is_refused_and_the_process_not_asked(two):
    two.units.config(1).unlink()
    done = two.reload(1)
    assert (done.returncode, "missing or empty" in done.stderr) == (2, True)
    assert http(two.net, "ip.lab.test:80") == "200 one 10.64.1.2"


def test_what_a_failed_reload_leaves_behind_is_told(two):
    """The port is open and 3proxy answers, but it has no resolver: seen by its mark alone."""
    text = two.text(1, 100)
    two.units.write(1, text)
    assert two.reload(1).returncode == 0
    two.units.config(1).write_text(text + "nonsense\n")
    two.units.processes[1].send_signal(signal.SIGUSR1)  # by hand, past the check
    deadline = time.monotonic() + 10
    while two.knows(1, text):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert http(two.net, "203.0.113.10:80") == "200 one 10.64.1.2"
    assert http(two.net, "ip.lab.test:80").split()[0] != "200"
    two.units.write(1, text)
    assert two.reload(1).returncode == 0  # and the next good one mends it
    assert http(two.net, "ip.lab.test:80") == "200 one 10.64.1.2"


def test_a_process_that_does_not_take_the_file_is_ended(two):
    """As one whose reload hangs: slot 2 is asked to take the file of slot 1."""
    two.units.write(1, two.text(1, 321))
    stream = two.units.stream(1)
    done = two.reload(1, pid=two.units.processes[2].pid)
    assert done.returncode == 0
    assert "not taken within" in done.stderr
    assert two.units.processes[2].wait(5) == -signal.SIGKILL  # systemd starts it again
    assert stream.alive()


def test_a_file_from_before_there_were_marks_is_taken_without_proof(two):
    text = two.text(1, 100)
    two.units.write(1, "".join(x for x in text.splitlines(True) if mark.DOMAIN not in x))
    assert two.reload(1).returncode == 0


def test_a_mark_is_made_of_the_whole_file():
    names = {mark.name_in(mark.line_after(lines)) for lines in (["a"], ["b"], ["a", "b"], ["ab"])}
    assert len(names) == 4
    assert None not in names
    assert mark.name_in("nsrecord 0123456789abcdef.modemfarm.invalid 10.0.0.1\n") is None
