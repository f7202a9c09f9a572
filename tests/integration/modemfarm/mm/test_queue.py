# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.mm.queue across processes: order, a bound on waiting, and holders that are killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from modemfarm.errors import PortBusyError, ToolError
from modemfarm.mm.queue import turn

SOURCE = Path(__file__).parents[4] / "src"
# Says when it stands in the queue, when it is its turn, and waits for a line before it goes.
PROGRAM = """
import sys
from pathlib import Path
from modemfarm.mm import queue
taken = queue._take_number
def take(*values):
    number = taken(*values)
    print("waits", flush=True)
    return number
queue._take_number = take
with queue.turn("q", sys.argv[2], Path(sys.argv[1]), 30):
    print("turn", flush=True)
    sys.stdin.readline()
"""
CAP_S = 20


class Holder:
    """A process in the queue."""

    def __init__(self, folder, name):
        self.process = subprocess.Popen(
            (sys.executable, "-c", PROGRAM, str(folder), name),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
        )
        self.reads("waits")

    def reads(self, word):
        assert self.process.stdout.readline().strip() == word

    def go(self):
        self.process.communicate("\n", timeout=CAP_S)

    def end(self):
        with self.process as process:  # closes its pipes
            process.kill()


@pytest.fixture
def holder(tmp_path):
    """Start one; all are ended."""
    made = []

    def make(name="holder"):
        made.append(Holder(tmp_path, name))
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
        with pytest.raises(PortBusyError), turn("q", "me", tmp_path, wait=0):
            pass
        one.go()


def test_the_error_names_who_has_it(holder, tmp_path):
    one = holder("sms send +49151")
    one.reads("turn")
    started = time.monotonic()
    with pytest.raises(PortBusyError) as caught, turn("q", "me", tmp_path, wait=0.3):
        pass
    assert 0.3 <= time.monotonic() - started < 5
    assert f"process {one.process.pid}: sms send +49151" in caught.value.message


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
    with turn("q", "me", tmp_path, wait=1):
        pass


def test_threads_of_one_process_take_turns_too(tmp_path):
    inside, most = [], []

    def work():
        with turn("q", "me", tmp_path, wait=CAP_S):
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
    with pytest.raises(ZeroDivisionError), turn("q", "me", tmp_path):
        _ = 1 / 0
    with turn("q", "me", tmp_path, wait=0):
        pass


def test_two_queues_do_not_meet(tmp_path):
    with turn("one", "me", tmp_path), turn("two", "me", tmp_path, wait=0):
        pass


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff" * 500, b"-5", b"9" * 20])
def test_whatever_is_in_the_file_only_one_is_inside(tmp_path, content):
    for _ in range(5):  # now a number that begins anew is lower than the one inside
        with turn("q", "me", tmp_path):
            pass
    with turn("q", "me", tmp_path):
        (tmp_path / "modemfarm-q").write_bytes(content)
        with pytest.raises(PortBusyError), turn("q", "me", tmp_path, wait=0.1):
            pass
    with turn("q", "me", tmp_path, wait=0.1):
        pass


def test_a_link_is_not_followed(tmp_path):
    target = tmp_path / "target"
    (tmp_path / "modemfarm-q").symlink_to(target)
    with pytest.raises(ToolError, match="cannot open"), turn("q", "me", tmp_path):
        pass
    assert not target.exists()
    with pytest.raises(ToolError, match="cannot open"), turn("q", "me", tmp_path / "none"):
        pass
