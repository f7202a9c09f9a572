# SPDX-License-Identifier: GPL-3.0-or-later
"""The service's side of the warm server: starts it, sends it jobs, replaces it when it died."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from ..errors import ApplyError
from . import warm_client
from .job import Job, Outcome, environment
from .plain import GRACE_S, parse_outcome, run_plain
from .warm import SOCKET, preset

log = logging.getLogger(__name__)

READY_S = 60.0  # the import takes 1 s here and 10 s under emulation
RESTART_S = 30.0  # a server that dies at once is not started in a loop


class WarmServer:
    """Thread-safe. `run` is what the service calls; without a server it runs jobs plainly."""

    def __init__(
        self, project: Path, work: Path, plain: Callable[[Job], Outcome] = run_plain
    ) -> None:
        self._project = project
        self._work = work
        self._plain = plain
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._ready = threading.Event()
        self._started = float("-inf")
        self._version: object = None

    def start(self) -> None:
        """Start the server unless it runs; it imports in the background.

        A project that was installed anew gets a new server: modules are kept built in it.
        """
        with self._lock:
            version = _version(self._project)
            running = self._process is not None and self._process.poll() is None
            if running and version == self._version:
                return
            if not running and time.monotonic() - self._started < RESTART_S:
                return
            self._started = time.monotonic()
            self._ready.clear()
            self._version = version
            self._spawn()

    def _spawn(self) -> None:
        self._drop()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        number = theirs.fileno()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", f"{__package__}.warm", str(number), str(self._work)],
                # Ansible finds the project's ansible.cfg here, when it is imported.
                cwd=self._project,
                env=os.environ | environment() | preset() | {"PYTHONPATH": _import_path()},
                pass_fds=[number],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._control = ours
        threading.Thread(target=self._await_ready, args=(ours,), daemon=True).start()

    def _await_ready(self, control: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if control.recv(16) == b"ready":
                log.info("Ansible is preloaded after %.1f s", time.monotonic() - self._started)
                self._ready.set()

    def stop(self) -> None:
        """End the server; jobs that run go on."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            try:
                self._process.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def run(self, job: Job) -> Outcome:
        """Run the job warm, else plainly. ApplyError as run_plain."""
        self.start()
        connection = self._begin() if self._ready.wait(READY_S) else None
        if connection is None:
            log.warning("no preloaded Ansible; running the job in a process of its own")
            return self._plain(job)
        with connection:
            return self._converse(connection, job)

    def _begin(self) -> socket.socket | None:
        """A connection to a fresh job, None when the server is gone."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs, self._lock:
            if self._control is None:
                ours.close()
                return None
            try:
                socket.send_fds(self._control, [b"job"], [theirs.fileno()])
            except OSError:
                self._ready.clear()
                ours.close()
                return None
        return ours

    def _converse(self, connection: socket.socket, job: Job) -> Outcome:
        connection.settimeout(job.timeout + GRACE_S)
        pid = 0
        try:
            with connection.makefile("rw", encoding="utf-8") as stream:
                pid = int(stream.readline() or "0")
                if pid == 0:
                    raise ApplyError("the preloaded process ended")
                stream.write(json.dumps(asdict(self._warm(job))) + "\n")
                stream.flush()
                return parse_outcome(stream.read().encode(), 0)
        except TimeoutError as error:
            if pid:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
            raise ApplyError(f"the run did not end within {job.timeout:g} s") from error

    def _warm(self, job: Job) -> Job:
        words = ["-I", "-S", str(warm_client.__file__), str(self._work / SOCKET)]
        command = shlex.join([*words, f"playbooks/{job.playbook}"])
        return replace(job, binary=sys.executable, command=command)


def _version(project: Path) -> object:
    """Changes when the project is replaced: the role moves a new folder into its place."""
    try:
        status = project.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def _import_path() -> str:
    """Where this package is, for a process that starts in another folder."""
    here = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH", ""))))
