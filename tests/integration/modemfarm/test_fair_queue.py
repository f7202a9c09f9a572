# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.fair_queue across processes: order, a bound on waiting, and holders that are killed.

The queue for a port is the same one: see at/test_port_lock.py.
"""

import fcntl
import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from modemfarm.errors import NotPermittedError, PortBusyError, ToolError
from modemfarm.fair_queue import turn

SOURCE = Path(__file__).parents[3] / "src"
# Says when it stands in the queue, when it is its turn, and waits for a line before it goes.
PROGRAM = """
import sys, os
import encodings.ascii  # the other user may not read the library
from pathlib import Path
from modemfarm.errors import FarmError
from modemfarm.fair_queue import FairQueue, turn
folder, doing, *user = sys.argv[1:]
for uid in map(int, user):
    os.setgid(uid)
    os.setuid(uid)
taken = FairQueue._take_ticket
def take(self):
    taken(self)
    print("waits", flush=True)
FairQueue._take_ticket = take
try:
    with turn("q", "the queue", doing, 30, Path(folder)):
        print("turn", flush=True)
        sys.stdin.readline()
except FarmError as error:
    print(type(error).__name__, error, flush=True)
"""
CAP_S = 20
NOBODY = 65534
MINE = ("q", "the queue", "me")


class Holder:
    """A process in the queue."""

    def __init__(self, folder, doing, *user):
        self.process = subprocess.Popen(
            (sys.executable, "-c", PROGRAM, str(folder), doing, *map(str, user)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,  # so that select() sees what has not been read
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
        )
        self.first = self.says()

    def says(self):
        return self.process.stdout.readline().decode().strip()

    def reads(self, word):
        assert self.first == "waits"
        assert self.says() == word

    def still_waits(self):
        return select.select([self.process.stdout], [], [], 0.2)[0] == []

    def go(self):
        self.process.communicate(b"\n", timeout=CAP_S)

    def end(self):
        with self.process as process:  # closes its pipes
            process.kill()


@pytest.fixture
def holder(tmp_path):
    """Start one; all are ended."""
    made = []

    def make(doing="hold", *user):
        made.append(Holder(tmp_path, doing, *user))
        return made[-1]

    yield make
    for item in made:
        item.end()


def test_first_come_first_served_across_processes(holder, tmp_path):
    first, *others = [holder(f"number {n}") for n in range(6)]
    first.reads("turn")
    first.go()
    for one in others:
        one.reads("turn")  # and only this one: the next cannot begin before this one goes
        with pytest.raises(PortBusyError), turn(*MINE, 0, tmp_path):
            pass
        one.go()


def test_the_error_names_who_has_it(holder, tmp_path):
    one = holder("sms send +49151")
    one.reads("turn")
    started = time.monotonic()
    with pytest.raises(PortBusyError) as caught, turn(*MINE, 0.3, tmp_path):
        pass
    assert 0.3 <= time.monotonic() - started < 5
    assert f"(process {one.process.pid}): sms send +49151" in caught.value.message


def test_what_it_is_doing_is_any_text(tmp_path):
    doing = "../a b\n\x1b[2J\u20ac%2F." + "x" * 300
    with (
        turn("q", "the queue", doing, 0, tmp_path),
        pytest.raises(PortBusyError) as caught,
        turn(*MINE, 0, tmp_path),
    ):
        pass
    assert re.search(rf"\(process {os.getpid()}\): \.\./a b\[2J\?%2F\.x+\Z", caught.value.message)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_who_is_killed_lets_go(holder, tmp_path, number):
    first, waiting = holder(), holder()
    first.reads("turn")
    third = holder()
    os.kill(waiting.process.pid, number)  # one in the middle of the queue
    waiting.process.wait(CAP_S)
    os.kill(first.process.pid, number)
    third.reads("turn")
    third.go()
    with turn(*MINE, 1, tmp_path):
        pass


def test_threads_of_one_process_take_turns_too(tmp_path):
    inside, most = [], []

    def work():
        with turn(*MINE, CAP_S, tmp_path):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.005)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(CAP_S)
    assert most == [1] * 8


def test_an_error_inside_lets_go(tmp_path):
    with pytest.raises(ZeroDivisionError), turn(*MINE, CAP_S, tmp_path):
        _ = 1 / 0
    with turn(*MINE, 0, tmp_path):
        pass


def test_two_queues_do_not_meet(tmp_path):
    with turn("one", "it", "me", 1, tmp_path), turn("two", "it", "me", 0, tmp_path):
        pass


@pytest.mark.parametrize(
    "name",
    ["q", "q.", "q.000009", "q.000009.", "q.000009.x", "q.x.5", "q.-5.5", "q.000009.5", "q.1.5",
     "q.000009.5.%ff%0a", f"q.{'9' * 40}.5", f"q.000009.{'9' * 40}", "q.\u0663.5", "p.000009.5"],
)  # fmt: skip
@pytest.mark.parametrize("make", [Path.touch, Path.mkdir, os.mkfifo])
def test_whatever_is_in_the_directory_only_one_is_inside(tmp_path, name, make):
    make(tmp_path / name)
    with turn(*MINE, 0.1, tmp_path):
        make(tmp_path / f"{name}0")  # and what comes while one is inside
        me = rf"process {os.getpid()}\): me"
        with pytest.raises(PortBusyError, match=me), turn(*MINE, 0.1, tmp_path):
            pass
    with turn(*MINE, 0.1, tmp_path):
        pass


def test_a_link_is_not_followed(tmp_path):
    target = tmp_path / "target"
    target.touch()
    (tmp_path / "q.000001.5").symlink_to(target)
    with target.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with turn(*MINE, 0, tmp_path):  # a ticket would be waited for
            pass


def test_without_a_directory_there_is_no_queue(tmp_path):
    with pytest.raises(ToolError, match="cannot queue"), turn(*MINE, CAP_S, tmp_path / "none"):
        pass


def test_the_farms_own_directory_is_used_where_there_is_one(tmp_path):
    own = tmp_path / "modemfarm"
    own.mkdir()
    with turn(*MINE, 0, tmp_path):
        assert len(list(own.iterdir())) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="two users: needs root")
def test_root_and_the_group_share_the_farms_own_directory(holder, tmp_path):
    own = tmp_path / "modemfarm"
    own.mkdir()
    os.chown(own, 0, NOBODY)
    own.chmod(0o770)  # as the host has it, with dialout
    for folder in tmp_path.parents[:2]:
        folder.chmod(0o711)
    tmp_path.chmod(0o1777)
    first, second, third = holder("a"), holder("b", NOBODY), holder("c")
    first.reads("turn")
    assert second.still_waits()
    first.process.kill()
    second.reads("turn")
    assert third.still_waits()
    theirs = rf"process {second.process.pid}\): b"
    with pytest.raises(PortBusyError, match=theirs), turn(*MINE, 0, tmp_path):
        pass
    second.process.kill()
    third.reads("turn")


@pytest.mark.skipif(os.geteuid() != 0, reason="another user: needs root")
def test_who_may_not_queue_is_told_so(holder, tmp_path):
    (tmp_path / "modemfarm").mkdir(mode=0o700)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o711)
    other = holder("b", NOBODY)
    assert other.first.startswith(f"{NotPermittedError.__name__} cannot queue in")
    assert "join the group dialout" in other.first
