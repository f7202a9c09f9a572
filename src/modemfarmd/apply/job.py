# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of one playbook through ansible-runner, in a process of its own.

As a program: a Job as JSON on stdin, an Outcome as JSON on the descriptor that is our stdout.
A process of its own because ansible-runner forks, which a threaded process should not do, and
because everything the run leaves behind can then be ended with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

PR_SET_CHILD_SUBREAPER = 36  # prctl(2)
PR_SET_PDEATHSIG = 1
LOOK_S = 1  # how often ansible-runner looks at its time limit and at ours
APPLY, RESET = "modem_apply", "modem_reset"
# What a module undoes when it is told to end: a radio that is off, a port without power. The
# slowest is the radio: an AT port that syncs, and one command.
UNWIND_S = 12.0
KILLED_S = 0.05  # between two looks whether children have ended
MAX_ERROR = 2000  # characters of an error worth sending


@dataclass(frozen=True)
class Job:
    """What to run: playbooks/<playbook> of `project`, with extra variables; times in seconds.

    binary and command: what to start in place of ansible-playbook, and its first arguments.
    """

    project: str
    playbook: str
    variables: dict[str, Any]
    work: str
    timeout: float
    binary: str | None = None
    command: str | None = None


@dataclass(frozen=True)
class Outcome:
    """How it ended; modems and host are those of modem_apply, repair is what modem_reset did."""

    rc: int
    status: str
    modems: list[dict[str, Any]] = field(default_factory=list)
    error: str | None = None
    host: list[str] = field(default_factory=list)
    repair: dict[str, Any] | None = None


class _Watcher:
    """Takes from ansible-runner's events what the module returned and what failed."""

    def __init__(self) -> None:
        self.modems: list[dict[str, Any]] = []
        self.host: list[str] = []
        self.repair: dict[str, Any] | None = None
        self.errors: list[str] = []
        self.cancelled = False

    def event(self, event: Mapping[str, Any]) -> bool:
        """Called for each event; False: do not write it to the artifacts."""
        kind = event.get("event", "")
        data = event.get("event_data", {})
        result = data.get("res")
        if kind in ("runner_on_ok", "runner_on_failed") and isinstance(result, dict):
            self._take(str(data.get("task_action", "")).rpartition(".")[2], result)
            if kind == "runner_on_failed" and not data.get("ignore_errors"):
                self.errors.append(f"{data.get('task')}: {_words(result)}")
        elif kind == "runner_on_unreachable":
            words = _words(result) if isinstance(result, dict) else ""
            self.errors.append(f"{data.get('task')}: unreachable: {words}")
        elif kind == "error":
            self.errors.append(str(event.get("stdout", "")).strip())
        return False

    def _take(self, module: str, result: Mapping[str, Any]) -> None:
        if module == APPLY:
            rows, words = result.get("modems", []), result.get("host", [])
            self.modems = [row for row in rows if isinstance(row, dict)]
            self.host = [word for word in words if isinstance(word, str)]
        elif module == RESET and result.get("before") is not None:
            # Without evidence from before the step did not begin: the modem is busy, or held.
            names = ("step", "seconds", "before", "after")
            error = _words(result) if result.get("error") else None
            self.repair = {**{name: result.get(name) for name in names}, "error": error}

    def cancel(self, *_: int | FrameType | None) -> None:
        """A signal handler: have ansible-runner end the run."""
        self.cancelled = True


def _words(result: Mapping[str, Any]) -> str:
    parts = [result.get("msg"), result.get("remedy"), result.get("module_stderr")]
    return "; ".join(str(part).strip() for part in parts if part)


def run(job: Job) -> Outcome:
    """Run the job in this process. Its private directory is gone afterwards."""
    import ansible_runner

    watcher = _Watcher()
    signal.signal(signal.SIGTERM, watcher.cancel)
    adopt_orphans()
    private = tempfile.mkdtemp(prefix="job-", dir=job.work)  # mode 0700
    try:
        result = ansible_runner.run(
            private_data_dir=private,
            project_dir=job.project,
            playbook=f"playbooks/{job.playbook}",
            extravars=job.variables,
            envvars=environment(),
            binary=job.binary,
            cmdline=job.command,
            timeout=job.timeout,
            settings={"pexpect_timeout": LOOK_S, "suppress_ansible_output": True},
            fact_cache_type="",
            quiet=True,
            event_handler=watcher.event,
            cancel_callback=lambda: watcher.cancelled,
        )
        return _outcome(result, watcher)
    finally:
        end_children()
        shutil.rmtree(private, ignore_errors=True)


def environment() -> dict[str, str]:
    """What Ansible needs whoever starts us: its programs first in PATH, and UTF-8."""
    programs = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
    return {"PATH": f"{programs}:{path}", "LC_ALL": "C.UTF-8"}


def _outcome(result: Any, watcher: _Watcher) -> Outcome:
    rc = int(result.rc) if result.rc is not None else 254
    error = "\n".join(watcher.errors) or None
    if result.status == "timeout":
        error = "the run took too long and was ended"
    elif result.status == "canceled":
        error = "the run was cancelled"
    elif rc != 0 and error is None:
        error = _tail(result)
    error = error[:MAX_ERROR] if error else None
    return Outcome(rc, str(result.status), watcher.modems, error, watcher.host, watcher.repair)


def _tail(result: Any) -> str:
    try:
        with result.stdout as stream:
            text = str(stream.read()).strip()
    except (OSError, RuntimeError) as error:
        text = str(error)
    return text[-MAX_ERROR:] or f"ansible-playbook ended with {result.rc}"


def adopt_orphans() -> None:
    """Become the parent of whatever our descendants leave behind, so that we can end it."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_children(grace: float = UNWIND_S) -> None:
    """End and reap all descendants of this process; they have `grace` seconds to unwind."""
    deadline = time.monotonic() + grace
    for pid in _descendants(os.getpid()):
        _signal(pid, signal.SIGTERM)
    while time.monotonic() < deadline and _reap():
        time.sleep(KILLED_S)
    while children := _children(os.getpid()):  # as often as new ones turn up
        for pid in children:
            _signal(pid, signal.SIGKILL)
        for pid in children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _reap() -> bool:
    """Take note of children that have ended; True while any is left."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    return bool(_children(os.getpid()))


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _descendants(pid: int) -> list[int]:
    found = _children(pid)
    return found + [below for child in found for below in _descendants(child)]


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(word) for word in text.split()]


def main() -> None:
    """Run the job on stdin; nothing but the outcome may reach the caller's descriptor."""
    job = Job(**json.load(sys.stdin))
    answer = os.dup(1)
    os.dup2(2, 1)
    outcome = run(job)
    with os.fdopen(answer, "w", encoding="ascii") as stream:
        json.dump(asdict(outcome), stream)


if __name__ == "__main__":
    main()
