# SPDX-License-Identifier: GPL-3.0-or-later
"""Modems that leave at the worst moment, come back elsewhere, or restart by themselves."""

import json
import time

from modemlab.host import farm
from modemlab.host.lab import Lab

from .conftest import Start
from .ground import root, truth
from .program import FARM, Program
from .trial import Trial

GONE_S = 10.0  # FAULTS F4: offline within 10 s
SERVING_S = 60.0
SLOW_S = 20  # the AT answer is under way for so long
CLI = farm.MODEMFARM


def offline(running: Trial) -> None:
    """The port refuses, and the registry says offline."""
    running.converges(
        "the port refuses", GONE_S,
        lambda: farm.request(running.lab, running.row["proxy_port"])["status"] != 200,
    )  # fmt: skip
    running.converges(
        "it is shown as offline", GONE_S, lambda: running.state()["status"] == "offline"
    )


def elsewhere(running: Trial) -> None:
    """Plug it into another port than before; slot and proxy port stay."""
    used = {modem["port"] for modem in truth(running.lab).values()}
    free = [port for port in range(8) if port not in used]
    running.lab.control("plug", modem=running.number(), port=running.random.choice(free))
    running.serves(cap_s=SERVING_S)
    found = running.state()
    assert (found["slot"], found["proxy_port"]) == (running.row["slot"], running.row["proxy_port"])


def test_f1_unplugged_in_the_middle_of_a_command(scene: Lab, start: Start) -> None:
    """The command fails as gone, and nobody waits for the lock of a port that is no more."""
    with start("F1") as running:
        serial = running.row["serial"]
        running.fault("slow", SLOW_S)
        with Program(scene, "inside.asking", serial, "AT+QCSQ", python=FARM) as asking:
            running.converges("the command is under way", 20,
                              lambda: "under way" in asking.text())  # fmt: skip
            running.moment(4)
            scene.control("unplug", modem=running.number())
            running.converges("the command has failed", 2, lambda: not asking.running)
            ended = json.loads(asking.text().splitlines()[-1])
        assert ended["error"] == "PortGoneError", ended
        locks = root(scene, f"ls /run/lock | grep {ended['port'].rpartition('/')[2]}$ || true")
        held = root(scene, "cat /proc/locks")
        running.note(f"it said: {ended['message']}")
        assert f":{inode(scene, locks)} " not in held
        offline(running)
        running.fault("slow", 0)
        elsewhere(running)


def inode(lab: Lab, lock: str) -> str:
    """Of a lock file, "none" when it is gone."""
    name = lock.strip()
    return root(lab, f"stat -c %i /run/lock/{name}").strip() if name else "none"


def test_f2_unplugged_while_it_is_applied(scene: Lab, start: Start) -> None:
    with start("F2") as running:
        serial = running.row["serial"]
        root(scene, f"systemd-run -q --unit=lab-f2 {CLI} apply {serial}")
        running.moment(6)
        scene.control("unplug", modem=running.number())
        offline(running)
        elsewhere(running)


def test_f22_two_modems_come_back_in_each_others_place(scene: Lab, start: Start) -> None:
    """ttyUSB, cdc-wdm and wwan numbers and USB ports are swapped; no request goes the wrong way."""
    with start("F22", hit=2) as running:
        one, two = running.hit
        numbers = [running.number(row) for row in running.hit]
        ports = [truth(scene)[row["serial"]]["port"] for row in running.hit]
        names = {row["serial"]: row["interface"] for row in running.hit}
        scene.control("unplug", modem=numbers)
        running.moment(3)
        order = [(numbers[0], ports[1]), (numbers[1], ports[0])]
        running.random.shuffle(order)
        for number, port in order:
            scene.control("plug", modem=number, port=port)
        ends = time.monotonic() + 2 * SERVING_S
        right: set[str] = set()
        while len(right) < 2 and time.monotonic() < ends:
            for row in (one, two):
                if running.answers(row):  # asserts that it is never another modem
                    right.add(row["serial"])
        running.serves(one, SERVING_S)
        running.serves(two, SERVING_S)
        now = {row["serial"]: running.state(row)["interface"] for row in running.hit}
        running.note(f"interfaces {json.dumps(names)} became {json.dumps(now)}")


def test_f27_a_modem_restarts_by_itself(scene: Lab, start: Start) -> None:
    """Power-cycled by its own firmware: the same modem, the same port, one apply or two."""
    with start("F27") as running:
        before = running.number()
        scene.control("unplug", modem=before)
        running.moment(2)
        port = running.random.choice([None, truth(scene)[running.row["serial"]]["port"]])
        scene.control("plug", modem=before, **({} if port is None else {"port": port}))
        running.serves(cap_s=SERVING_S)
        assert running.state()["slot"] == running.row["slot"]
