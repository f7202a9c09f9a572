# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that has Ansible imported and forks for each job: no import at event speed.

Three roles, all forks of one single-threaded process that `WarmServer` starts:
- the *server* imports once, then only receives descriptors and forks;
- a *job* runs `job.run`, so everything still goes through ansible-runner; the command that
  ansible-runner starts is `warm_client.py`, which hands its stdio back to the server's socket;
- a *play* runs ansible-playbook in process on that stdio. Should the client die (ansible-runner
  ends a job so), the play and all its children are ended, with time to unwind.

Measured here on 2 cores: an unchanged batch 1.3 s plain, 0.5 s warm (see bench).
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import warnings
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

from .job import Job, adopt_orphans, end_children, environment, run

SOCKET = "warm.sock"
# What a run of one local task imports lazily; missing names are no error (versions differ).
PRELOADED = """
ansible.cli.playbook ansible.executor.playbook_executor ansible.executor.task_queue_manager
ansible.executor.module_common ansible.plugins.strategy.linear ansible.plugins.action.normal
ansible.plugins.connection.local ansible.plugins.shell.sh ansible.plugins.become.sudo
ansible.plugins.become.su ansible.plugins.inventory.yaml ansible.plugins.inventory.host_list
ansible.plugins.inventory.auto ansible.plugins.inventory.script ansible.plugins.inventory.ini
ansible.plugins.inventory.toml ansible.plugins.vars.host_group_vars ansible.plugins.cache.memory
ansible.plugins.callback.default ansible.playbook.included_file ansible.playbook.handler
ansible.utils.shlex multiprocessing.synchronize multiprocessing.shared_memory
xml.dom.minidom xml.etree.ElementTree ansible_runner pexpect modemfarm.apply.arguments
""".split()
MAX_REQUEST = 1_000_000  # argv and environment of one command


def preset() -> dict[str, str]:
    """The environment that decides Ansible's configuration, as ansible-runner will set it.

    Ansible reads it when it is imported, so the server must have it, and a play that wants
    another one cannot be served warm.
    """
    from ansible_runner.utils import get_callback_dir

    return {
        "ANSIBLE_CALLBACK_PLUGINS": str(get_callback_dir()),
        "ANSIBLE_STDOUT_CALLBACK": "awx_display",
        "ANSIBLE_RETRY_FILES_ENABLED": "False",
        "ANSIBLE_HOST_KEY_CHECKING": "False",
    }


def configuration(environ: dict[str, str]) -> dict[str, str]:
    """The part of an environment that Ansible's configuration is made from."""
    return {name: value for name, value in environ.items() if name.startswith("ANSIBLE_")}


class Server:
    """The single-threaded process: waits for descriptors, forks."""

    def __init__(self, control: socket.socket, listener: socket.socket) -> None:
        self._control = control
        self._listener = listener
        self._configuration = configuration(dict(os.environ))

    def serve(self) -> None:
        """Fork for each job and each play until the control socket ends."""
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are reaped by the kernel
        self._control.sendall(b"ready")
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            selector.register(self._listener, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is self._control:
                        if not self._job():
                            return
                    else:
                        self._play()

    def _job(self) -> bool:
        message, descriptors, _, _ = socket.recv_fds(self._control, 16, 1)
        if not message:
            return False
        connection = socket.socket(fileno=descriptors[0])
        with connection:
            self._fork(lambda: run_job(connection))
        return True

    def _play(self) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()
            with connection:
                self._fork(lambda: supervise(connection, self._configuration))

    def _fork(self, work: Callable[[], int]) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        if os.fork() > 0:
            return
        status = 1
        try:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._control.close()
            self._listener.close()
            os.setsid()
            status = work()
        finally:
            _leave(status)


def _leave(status: int) -> NoReturn:
    """End a fork without running the exit handlers of the process it was copied from."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


def run_job(connection: socket.socket) -> int:
    """A job: our pid and the Job come and go on the connection, then the outcome."""
    with connection.makefile("rw", encoding="utf-8") as stream:
        stream.write(f"{os.getpid()}\n")
        stream.flush()
        job = Job(**json.loads(stream.readline()))
        for name in preset():
            os.environ.pop(name, None)  # ansible-runner sets them itself
        os.dup2(2, 1)
        json.dump(asdict(run(job)), stream)
    return 0


def supervise(connection: socket.socket, wanted: dict[str, str]) -> int:
    """A play on the client's stdio; its exit status goes back, or 'refused'."""
    request, descriptors = _receive(connection)
    if request is None or configuration(request["environ"]) != wanted:
        connection.sendall(b"refused")
        return 0
    adopt_orphans()
    pid = os.fork()
    if pid == 0:
        connection.close()
        _become(request, descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    status = _await(pid, connection)
    end_children()
    with contextlib.suppress(OSError):
        connection.sendall(str(status).encode())
    return 0


def _receive(connection: socket.socket) -> tuple[dict[str, dict[str, str]] | None, list[int]]:
    data, descriptors, _, _ = socket.recv_fds(connection, 65536, 3)
    while not data.endswith(b"\n") and len(data) < MAX_REQUEST:
        chunk = connection.recv(65536)
        if not chunk:
            return None, descriptors
        data += chunk
    if len(descriptors) != 3:
        return None, descriptors
    return json.loads(data), descriptors


def _await(pid: int, connection: socket.socket) -> int:
    """Wait for the play, or for the client's end: then the play is ended. Its exit status."""
    watch = os.pidfd_open(pid)
    with selectors.DefaultSelector() as selector:
        selector.register(watch, selectors.EVENT_READ)
        selector.register(connection, selectors.EVENT_READ)
        ready = [key.fileobj for key, _ in selector.select()]
    os.close(watch)
    if watch not in ready:
        end_children()
        return 128 + signal.SIGTERM
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _become(request: dict[str, dict[str, str]], descriptors: list[int]) -> NoReturn:
    """Turn this fork into `ansible-playbook ARGV`."""
    status = 1
    try:
        os.setsid()
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.environ.clear()
        os.environ.update(request["environ"])
        os.chdir(str(request["cwd"]))
        sys.argv = ["ansible-playbook", *request["argv"]]
        importlib.import_module("ansible.cli.playbook").PlaybookCLI.cli_executor(sys.argv)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    finally:
        _leave(status)


def preload() -> None:
    """Import what every run imports, and read what every run reads, in the project's folder."""
    for name in PRELOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    # Each play does this again, to the same effect; the warning would be its first output line.
    warnings.filterwarnings("ignore", message="AnsibleCollectionFinder")
    loaders = importlib.import_module("ansible.plugins.loader")
    loaders.init_plugin_loader([])
    importlib.import_module("ansible_collections.ansible.builtin")  # its routing, a large YAML
    # Reading the documentation of plugins (as YAML) is a third of a run's work.
    for kind in ("connection", "shell", "become"):
        for _ in getattr(loaders, f"{kind}_loader").all(class_only=True):
            pass
    for kind, name in (("cache", "memory"), ("strategy", "linear"), ("callback", "default")):
        getattr(loaders, f"{kind}_loader").get(name, class_only=True)
    _read_inventory()


def _read_inventory() -> None:
    constants = importlib.import_module("ansible.constants")
    manager = importlib.import_module("ansible.inventory.manager").InventoryManager
    reader = importlib.import_module("ansible.parsing.dataloader").DataLoader
    manager(loader=reader(), sources=constants.DEFAULT_HOST_LIST)


def main() -> None:
    """`python -m modemfarmd.apply.warm CONTROL_FD WORK`, in the project's folder."""
    control = socket.socket(fileno=int(sys.argv[1]))
    path = Path(sys.argv[2]) / SOCKET
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        before = os.umask(0o177)
        listener.bind(str(path))
        os.umask(before)
        listener.listen()
        os.environ.update(environment() | preset())
        preload()
        with contextlib.suppress(BrokenPipeError):  # the service ended while we imported
            Server(control, listener).serve()


if __name__ == "__main__":
    main()
