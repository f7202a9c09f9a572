# SPDX-License-Identifier: GPL-3.0-or-later
"""One run per modem: between threads, between processes, and fair."""

import fcntl
import os
import threading
import time
from pathlib import Path

import pytest

from modemfarmd.apply.locks import BusyError, Locks

A, B = "867584030000017", "867584030000025"


@pytest.fixture
def locks(tmp_path: Path) -> Locks:
    return Locks(tmp_path / "locks")


def test_the_holder_is_named(locks: Locks, tmp_path: Path) -> None:
    other = os.open(tmp_path / "locks" / A, os.O_RDWR | os.O_CREAT, 0o644)
    fcntl.flock(other, fcntl.LOCK_EX)
    os.write(other, b"ansible-playbook of the admin, pid 4711\n")
    refused = pytest.raises(BusyError, match=rf"{A} is held by .*pid 4711")
    with refused, locks.hold([A, B], "us", timeout=0.3):
        pytest.fail("held")
    os.close(other)
    with locks.hold([A, B], "us", timeout=0.3):
        assert (tmp_path / "locks" / A).read_text() == "us\n"
    assert (tmp_path / "locks" / A).read_text() == ""


def test_a_failed_batch_holds_nothing(locks: Locks) -> None:
    with locks.hold([B], "first"):
        with pytest.raises(BusyError), locks.hold([A, B], "second", timeout=0.2):
            pytest.fail("held")
        with locks.hold([A], "third", timeout=0.2):
            pass


def test_threads_come_in_their_order_and_never_together(locks: Locks) -> None:
    order: list[int] = []
    inside = 0

    def work(number: int) -> None:
        nonlocal inside
        with locks.hold([A, B] if number % 2 else [B, A], str(number), timeout=10):
            inside += 1
            assert inside == 1
            order.append(number)
            inside -= 1

    threads = []
    with locks.hold([A], "main"):
        for number in range(6):
            threads.append(threading.Thread(target=work, args=(number,)))
            threads[-1].start()
            deadline = time.monotonic() + 5
            while len(locks._lines.get(A, ())) < number + 2 and time.monotonic() < deadline:
                time.sleep(0.005)
    for thread in threads:
        thread.join(10)
    assert order == list(range(6))


def test_a_link_in_place_of_a_lock_is_not_followed(locks: Locks, tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("data")
    (tmp_path / "locks" / A).symlink_to(target)
    with pytest.raises(OSError), locks.hold([A], "us", timeout=0.1):  # noqa: PT011
        pytest.fail("held")
    assert target.read_text() == "data"
