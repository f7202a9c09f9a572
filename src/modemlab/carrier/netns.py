# SPDX-License-Identifier: GPL-3.0-or-later
"""Network namespaces: making them with iproute2, and opening sockets inside them.

A socket belongs for ever to the namespace it was created in, whoever uses it later. So one helper
thread per namespace enters it (setns acts on the calling thread only) and creates sockets there;
the event loop then uses them like any other.
"""

import asyncio
import ctypes
import os
import subprocess
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

CLONE_NEWNET = 0x40000000  # linux/sched.h
IP_TIMEOUT_S = 20  # `ip` answers in well under a second, even under emulation with 30 modems
_RUN = Path("/run/netns")


class NetnsError(RuntimeError):
    """The kernel or iproute2 refused a change to a network namespace."""


def exists(name: str) -> bool:
    """Whether a named network namespace is there."""
    return (_RUN / name).exists()


def ip_batch(lines: Iterable[str], netns: str | None = None) -> None:
    """Run `ip` commands in one process, stopping at the first that fails.

    Raises NetnsError with what `ip` said.
    """
    command = ["ip", *(["-n", netns] if netns else []), "-batch", "-"]
    text = "\n".join(lines) + "\n"
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=IP_TIMEOUT_S, check=False
    )
    if done.returncode:
        raise NetnsError(f"{' '.join(command)}: {done.stderr.strip()} (in: {text.strip()!r})")


def ensure(name: str) -> None:
    """Make the namespace unless it exists, and bring its loopback up."""
    if not exists(name):
        ip_batch([f"netns add {name}"])
    ip_batch(["link set lo up"], name)


def remove(name: str) -> None:
    """Remove the namespace and everything in it; fine when it is not there."""
    if exists(name):
        ip_batch([f"netns del {name}"])


def _setns(name: str | None) -> None:
    path = _RUN / name if name else Path("/proc/self/ns/net")
    libc = ctypes.CDLL(None, use_errno=True)
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(handle, CLONE_NEWNET):
            number = ctypes.get_errno()
            raise NetnsError(f"setns {path}: {os.strerror(number)}")
    finally:
        os.close(handle)


class Inside:
    """Runs functions on a thread that lives in the namespace `name` (None: the caller's own).

    The functions must be short: create, bind and listen, not wait.
    """

    def __init__(self, name: str | None) -> None:
        self.name = name
        self._entered = threading.local()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=f"netns-{name}")

    def _run(self, function: Callable[[], T]) -> T:
        if self.name and not getattr(self._entered, "done", False):
            _setns(self.name)
            self._entered.done = True
        return function()

    def call(self, function: Callable[[], T]) -> T:
        """Run `function` in the namespace and wait for it; its exceptions come through."""
        return self._pool.submit(self._run, function).result()

    async def acall(self, function: Callable[[], T]) -> T:
        """The same for a coroutine: the event loop goes on meanwhile."""
        return await asyncio.wrap_future(self._pool.submit(self._run, function))

    def close(self) -> None:
        """End the thread."""
        self._pool.shutdown(wait=True)
