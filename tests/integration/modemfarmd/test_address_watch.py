# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses that really come and go, in a network namespace of the test's own."""

import subprocess
import sys

PROGRAM = """
import queue, subprocess, threading
from modemfarmd.agent.address_watch import AddressWatch

told, stop = queue.Queue(), threading.Event()

def ip(*words):
    subprocess.run(("ip", *words), check=True)

ip("link", "set", "lo", "up")
watch = AddressWatch(told.put, stop)
watch.start()
while True:  # until it listens
    ip("address", "add", "127.0.0.2/32", "dev", "lo")
    ip("address", "delete", "127.0.0.2/32", "dev", "lo")
    try:
        told.get(timeout=0.2)
        break
    except queue.Empty:
        continue
ip("link", "add", "wwan0", "type", "veth", "peer", "name", "carrier0")
ip("address", "add", "10.64.1.2/30", "dev", "wwan0", "valid_lft", "600", "preferred_lft", "600")
ip("address", "change", "10.64.1.2/30", "dev", "wwan0", "valid_lft", "900", "preferred_lft", "900")
ip("address", "delete", "10.64.1.2/30", "dev", "wwan0")
ip("address", "add", "10.0.0.1/8", "dev", "carrier0")
names = []
while "carrier0" not in names:
    names.append(told.get(timeout=20))
stop.set()
watch.join(20)
print(*(name for name in names if name != "lo"), watch.is_alive())
"""


def test_what_came_and_went_is_told_once_and_a_renewed_lease_is_not() -> None:
    done = subprocess.run(
        ("unshare", "--net", sys.executable, "-c", PROGRAM),
        capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["wwan0", "wwan0", "carrier0", "False"], done.stderr
