# SPDX-License-Identifier: GPL-3.0-or-later
"""A signal ends the agent, whatever its main thread is doing."""

import subprocess
import sys

END = """
import os, signal, threading, time
from modemfarmd.agent.main import on_signal
ended = threading.Event()
on_signal(ended.set)
with threading._active_limbo_lock:  # the main thread is starting a thread
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.1)
for _ in range(3):
    os.kill(os.getpid(), signal.SIGINT)  # impatient, and harmless
print(ended.wait(10))
"""


def test_a_signal_while_threads_are_started_does_not_hang() -> None:
    done = subprocess.run(
        [sys.executable, "-c", END], stdout=subprocess.PIPE, timeout=60, check=True
    )
    assert done.stdout == b"True\n"
