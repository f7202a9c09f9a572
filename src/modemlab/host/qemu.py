# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts and stops the QEMU process of the lab host.

KVM is tried where /dev/kvm may be opened; a host whose KVM starts no ordinary guest (some nested
ones) falls back to TCG by itself. Measured under TCG with 2 cores: `-cpu Nehalem` boots in a third
of the time of `-cpu max`, whose instructions are dearer to emulate.
"""

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .errors import GuestFailed
from .image import Image
from .monitor import Monitor

MEMORY_MIB = 3072
CPUS = 2
CPU_MODELS = {"kvm": "host", "tcg": "Nehalem"}
KERNEL_LINE = (
    "root=/dev/vda rw console=ttyS0 quiet mitigations=off nokaslr audit=0 selinux=0 apparmor=0"
    " tsc=unstable nowatchdog systemd.show_status=0 net.ifnames=0"
)
START_S = 60  # a saved state of a gigabyte is read before QEMU detaches
STOP_S = 10  # from `quit` to the process being gone; it only has to close its disk


@dataclass(frozen=True)
class Machine:
    """What one QEMU process is started with."""

    image: Image
    overlay: Path
    folder: Path  # logs
    monitor: Path  # Unix socket; its path is limited to 108 bytes
    ssh_port: int
    accelerator: str  # "kvm" or "tcg"
    snapshot: str | None = None  # internal snapshot of `overlay` to resume

    def command(self) -> list[str]:
        """QEMU's command line."""
        accelerator = "tcg,thread=multi,tb-size=512" if self.accelerator == "tcg" else "kvm"
        line = [
            "qemu-system-x86_64", "-name", "modemfarm-lab",
            "-accel", accelerator, "-cpu", CPU_MODELS[self.accelerator],
            "-smp", str(CPUS), "-m", str(MEMORY_MIB),
            "-display", "none", "-nodefaults", "-no-user-config", "-no-reboot",
            "-monitor", f"unix:{self.monitor},server,nowait",
            "-serial", f"file:{self.folder / 'console.log'}",
            "-kernel", str(self.image.kernel), "-initrd", str(self.image.initrd),
            "-append", KERNEL_LINE,
            "-drive", f"file={self.overlay},if=virtio,format=qcow2,cache=unsafe",
            "-netdev", f"user,id=n0,restrict=on,hostfwd=tcp:127.0.0.1:{self.ssh_port}-:22",
            "-device", "virtio-net-pci,netdev=n0,romfile=",
            "-device", "virtio-rng-pci",
        ]  # fmt: skip
        return [*line, "-loadvm", self.snapshot] if self.snapshot else line


def accelerators() -> tuple[str, ...]:
    """What to try, best first."""
    return ("kvm", "tcg") if os.access("/dev/kvm", os.R_OK | os.W_OK) else ("tcg",)


def start(machine: Machine) -> int:
    """Start QEMU in the background and return its pid; raises GuestFailed when it cannot start.

    QEMU detaches itself once its devices and sockets are there, so its errors come back to us.
    """
    machine.folder.mkdir(parents=True, exist_ok=True)
    machine.monitor.unlink(missing_ok=True)
    pidfile = machine.folder / "qemu.pid"
    try:
        done = subprocess.run(
            [*machine.command(), "-daemonize", "-pidfile", str(pidfile)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=START_S,
        )
    except subprocess.TimeoutExpired as error:
        raise GuestFailed(f"QEMU ({machine.accelerator}) did not start in {START_S} s") from error
    if done.returncode:
        words = (done.stderr.strip().splitlines() or [f"code {done.returncode}, no message"])[-1]
        raise GuestFailed(f"QEMU ({machine.accelerator}) did not start: {words}")
    return int(pidfile.read_text())


def alive(pid: int) -> bool:
    """Whether `pid` is still a QEMU of ours: pids are reused, so its name is asked too."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z" and b"modemfarm-lab" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def stop(pid: int, monitor: Path) -> None:
    """End the QEMU process `pid`: by its monitor, or by a signal where that does not answer."""
    if not alive(pid):
        return
    try:
        with Monitor(monitor) as connection:
            connection.leave()
    except GuestFailed:
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_S
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    if alive(pid):
        os.kill(pid, signal.SIGKILL)
