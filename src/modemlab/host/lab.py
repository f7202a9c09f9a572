# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab host as a whole: image, machine, virtual modems, saved states.

Everything it makes is below build/lab/. A lab has a name, so that the tests' one and the one that
`make demo` left running do not meet.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..control import SOCKET, ControlError, exchange
from . import image as images
from . import project, qemu, site
from .engine import Engine
from .errors import CommandFailed, GuestFailed, LabError
from .guest import Guest, control_folder, free_port
from .monitor import Monitor
from .progress import Progress

SNAPSHOT = "modemfarm"
KERNEL_S = {
    "kvm": 10,
    "tcg": 60,
}  # to our /init's first word; KVM needs 1 s, a hung one says nothing
BOOT_S = 240  # to the first SSH answer: 12-30 s under TCG on an idle machine
RESUME_S = 60
FIRST_WORD = "modemfarm-lab: kernel is up"
DAEMON_S = 60
POWER_S = 30  # QEMU writes its own caches out before it ends
GUEST_SOURCE = "/opt/modemlab/src"


@dataclass
class Running:
    """What is written to run.json about a started lab."""

    pid: int
    port: int
    suite: str
    accelerator: str
    image: str
    engine: dict[str, Any]
    state: str | None = None  # digest of the saved state it was resumed from


class Lab:
    """One lab host. `name` separates labs that exist at the same time."""

    def __init__(self, name: str = "demo", suite: str = "bookworm") -> None:
        self.project = project.root()
        self.name, self.suite = name, images.check_suite(suite)
        self.base = self.project / "build" / "lab"
        self.folder = self.base / name
        self.states = self.base / "states"
        self.guest = Guest(self.folder)
        self.inventory = self.folder / "hosts.yml"

    # -- what exists

    @property
    def running(self) -> Running | None:
        """The started lab, or None."""
        try:
            found = Running(**json.loads((self.folder / "run.json").read_text()))
        except FileNotFoundError:
            return None
        return found if qemu.alive(found.pid) else None

    def engine_used(self) -> dict[str, Any] | None:
        """The engine of the last start, also when that guest has ended."""
        path = self.folder / "engine.json"
        return dict(json.loads(path.read_text())) if path.exists() else None

    def need_running(self) -> Running:
        """The started lab; raises LabError naming the command that starts one."""
        found = self.running
        if found is None:
            raise LabError(
                f"lab {self.name!r} is not running; start it with `modemfarm lab up` or `make demo`"
            )
        return found

    @property
    def monitor(self) -> Path:
        """Socket of QEMU's monitor, in the short folder that SSH's control sockets use."""
        return control_folder(self.folder) / "monitor"

    # -- image

    def key(self) -> Path:
        """The private key that may log in; made on first use, mode 0600."""
        path = self.base / "id_ed25519"
        if not path.exists():
            self.base.mkdir(parents=True, exist_ok=True)
            subprocess.run(
                [
                    "ssh-keygen",
                    "-q",
                    "-t",
                    "ed25519",
                    "-N",
                    "",
                    "-C",
                    "modemfarm-lab",
                    "-f",
                    str(path),
                ],
                check=True,
            )
        return path

    def image(self, progress: Progress) -> images.Image:
        """The cached image, or one built now."""
        public = self.key().with_suffix(".pub").read_text().strip()
        sources = [Path(__file__).parent / name for name in project.IMAGE_INPUTS]
        found = self.base / f"image-{self.suite}-{project.digest(sources, public)}"
        if found.is_dir():
            progress.say(f"image {found.name}: cached")
            return images.Image(found)
        with progress.step(f"building the {self.suite} image"):
            return images.build(self.suite, found, public)

    # -- machine

    def boot(self, image: images.Image, engine: Engine, progress: Progress) -> None:
        """Start a fresh guest from `image`; KVM first, TCG where that starts nothing."""
        self.stop()
        problem: LabError | None = None
        for accelerator in qemu.accelerators():
            overlay = self._new_folder() / "overlay.qcow2"
            _qemu_img(
                "create", "-q", "-f", "qcow2", "-b", str(image.disk), "-F", "raw", str(overlay)
            )
            try:
                with progress.step(f"booting the lab host ({accelerator})"):
                    self._start(image, engine, accelerator)
                    self._wait_kernel(accelerator)
                    self.guest.wait(BOOT_S)
                return
            except GuestFailed as error:
                problem = error
                self.stop()
                if accelerator == "kvm":
                    progress.say("KVM starts no guest on this machine: the lab host is emulated")
        raise problem or GuestFailed("no accelerator to try")

    def resume(self, image: images.Image, engine: Engine, state: Path, progress: Progress) -> None:
        """Start from the saved state in the folder `state`."""
        self.stop()
        known = json.loads((state / "state.json").read_text())
        overlay = self._new_folder() / "overlay.qcow2"
        subprocess.run(
            ["cp", "--reflink=auto", str(state / "overlay.qcow2"), str(overlay)], check=True
        )
        with progress.step("resuming the saved lab host"):
            self._start(image, engine, known["accelerator"], state=state.name)
            self.guest.wait(RESUME_S)
            self.guest.set_clock()

    def cut_power(self) -> None:
        """Cut the power: what the guest had not written to its disk is lost."""
        running = self.need_running()
        os.kill(running.pid, signal.SIGKILL)
        deadline = time.monotonic() + POWER_S
        while qemu.alive(running.pid):
            if time.monotonic() > deadline:
                raise GuestFailed(f"QEMU is still there {POWER_S} s after the power was cut")
            time.sleep(0.05)
        self.guest.forget_connection()

    def power_on(self) -> None:
        """Boot again from the same disk after `cut_power`."""
        last = Running(**json.loads((self.folder / "run.json").read_text()))
        image = images.Image(self.base / last.image)
        self._start(image, Engine(**last.engine), last.accelerator)
        self._wait_kernel(last.accelerator)
        self.guest.wait(BOOT_S)
        self.guest.set_clock()

    def stop(self) -> None:
        """End the guest; nothing happens when there is none."""
        found = self.running
        if found is not None:
            self.guest.forget_connection()
            qemu.stop(found.pid, self.monitor)
        (self.folder / "run.json").unlink(missing_ok=True)

    def _new_folder(self) -> Path:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        return self.folder

    def _start(
        self, image: images.Image, engine: Engine, accelerator: str, state: str | None = None
    ) -> None:
        port = free_port()
        machine = qemu.Machine(
            image,
            self.folder / "overlay.qcow2",
            self.folder,
            self.monitor,
            port,
            accelerator,
            SNAPSHOT if state else None,
        )
        self.guest.configure(port, self.key(), image.host_key, control_folder(self.folder))
        pid = qemu.start(machine)
        running = Running(
            pid, port, self.suite, accelerator, image.folder.name, asdict(engine), state
        )
        (self.folder / "run.json").write_text(json.dumps(running.__dict__, indent=1))
        (self.folder / "engine.json").write_text(json.dumps(asdict(engine)))
        self._write_inventory(engine)

    def _wait_kernel(self, accelerator: str) -> None:
        deadline = time.monotonic() + KERNEL_S[accelerator]
        console = self.folder / "console.log"
        while time.monotonic() < deadline:
            if console.exists() and FIRST_WORD in console.read_text(errors="replace"):
                return
            time.sleep(0.1)
        raise GuestFailed(
            f"the guest's kernel said nothing in {KERNEL_S[accelerator]} s ({accelerator})"
        )

    # -- saved states

    def state(self, image: images.Image, engine: Engine, modems: int) -> Path:
        """Folder of the saved state for these inputs (it may not exist yet)."""
        sources = [self.project / name for name in project.SITE_INPUTS]
        version = subprocess.run(
            ["qemu-system-x86_64", "--version"], capture_output=True, text=True, check=True
        ).stdout.splitlines()[0]
        parts = (image.folder.name, engine.name, engine.digest, version, str(modems))
        return self.states / f"{self.suite}-{project.digest(sources, *parts)}"

    def save(self, state: Path, progress: Progress) -> None:
        """Save the running guest into the folder `state`; the guest goes on running."""
        running = self.need_running()
        with progress.step("saving the lab host's state"):
            with Monitor(self.monitor) as monitor:
                monitor.command("stop")
                try:
                    monitor.command(f"savevm {SNAPSHOT}")
                    part = state.with_name(state.name + ".part")
                    shutil.rmtree(part, ignore_errors=True)
                    part.mkdir(parents=True)
                    overlay = self.folder / "overlay.qcow2"
                    subprocess.run(["cp", "--reflink=auto", str(overlay), str(part)], check=True)
                    monitor.command(f"delvm {SNAPSHOT}")
                finally:
                    monitor.command("cont")
            (part / "state.json").write_text(json.dumps({"accelerator": running.accelerator}))
            self._prune_states()
            part.rename(state)

    def _prune_states(self) -> None:
        """Keep the newest states only: each is about a gigabyte."""
        keep = 2
        found = sorted(
            (path for path in self.states.iterdir() if not path.name.endswith(".part")),
            key=lambda path: path.stat().st_mtime,
        )
        for path in found[:-keep]:
            shutil.rmtree(path)

    # -- inside the guest

    def install_modems(self) -> None:
        """Copy the virtual modems' code into the guest and start it."""
        source = self.project / "src"
        files = {
            str(file.relative_to(source)): file
            for file in project.files_below([source / "modemlab", source / "modemfarm"])
        }
        self.guest.push(files, GUEST_SOURCE)
        unit = f"{GUEST_SOURCE}/modemlab/guest/modemlab.service"
        script = (
            f"cp {unit} /etc/systemd/system/ && systemctl daemon-reload"
            " && systemctl enable -q modemlab && systemctl restart modemlab"
        )
        self.guest.run(["sudo", "sh", "-c", script], timeout=DAEMON_S)

    def control(self, verb: str, patience: float = 60, **fields: Any) -> dict[str, Any]:
        """Ask the virtual modems' daemon; raises CommandFailed with its words when it refuses.

        `fields` are the verb's own, `timeout` among them; `patience` is ours, in seconds, and never
        less than that.
        """
        patience = max(patience, float(fields.get("timeout", 0.0)))
        self.need_running()
        try:
            with self._way_in() as connection:
                answer = exchange(connection, {"verb": verb, **fields}, patience + 30)
        except ControlError as error:
            raise CommandFailed(str(error)) from error
        if answer.get("ok") is not True:
            raise CommandFailed(str(answer.get("error")))
        return answer

    def _way_in(self) -> socket.socket:
        """A connection to the daemon. The SSH connection that carries it ends when unused."""
        path = control_folder(self.folder) / "control"
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            try:
                connection.connect(str(path))
            except OSError:
                self.guest.forward(path, str(SOCKET))
                connection.connect(str(path))
        except OSError as error:
            connection.close()
            raise CommandFailed(f"{path}: {error}") from error
        except CommandFailed:
            connection.close()
            raise
        return connection

    def site(
        self, progress: Progress, *arguments: str, log: str = "site.log", quiet: bool = False
    ) -> site.Recap:
        """Run playbooks/site.yml against the guest."""
        say = None if quiet else progress.say
        return site.run(self.project, self.inventory, self.folder / log, *arguments, say=say)

    def _write_inventory(self, engine: Engine) -> None:
        hosts = {
            "modem_hosts": {
                "hosts": {
                    "modemfarm-lab": {
                        "ansible_ssh_common_args": f"-F {self.guest.config}",
                        "ansible_python_interpreter": "/usr/bin/python3",
                        **engine.variables,
                    }
                }
            },
            "modems": {"children": {"modem_hosts": {}}},  # as in inventories/example
        }
        self.inventory.write_text(json.dumps(hosts, indent=1) + "\n")
        link = self.folder / "group_vars"
        link.unlink(missing_ok=True)
        link.symlink_to(self.project / "inventories" / "lab" / "group_vars")


def _qemu_img(*arguments: str) -> None:
    done = subprocess.run(["qemu-img", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandFailed(f"qemu-img {arguments[0]}: {done.stderr.strip()}")
