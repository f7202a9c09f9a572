# SPDX-License-Identifier: GPL-3.0-or-later
"""One disposable server in a systemd container: an image that is kept, changes that are not.

usage: container.py up NAME | down NAME    (environment: LAB_SUITE, THREEPROXY_ARCHIVE)

`up` builds the image with mmdebstrap where it is not there, boots it by systemd-nspawn with a
network of its own that leads nowhere, and writes `ssh_config` into the container's folder. Of the
kernel, the container has network parameters and firewall for itself; the rest is its host's.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from modemlab.host.guest import control_folder

HERE = Path(__file__).parent
BASE = HERE.parents[1] / "build" / "molecule"
# What the roles install on a server that has a network, and what makes it a server.
PACKAGES = (
    "apparmor ca-certificates dbus iproute2 kmod libpam-systemd nftables openssh-server"
    " postgresql procps python3 python3-apt python3-psycopg2 sudo systemd systemd-sysv udev"
    " unattended-upgrades"
).split()
# What the engine needs: a compiler for 3proxy where its source is named, else the packaged engine.
BUILD_PACKAGES, ENGINE_PACKAGES = ("gcc", "libc6-dev", "make"), ("v2ray",)
SUITES = ("bookworm", "trixie")
BOOT_S = 60  # 3 s on two idle cores
STOP_S = 20
POLL_S = 0.2
SSH_CONFIG = """\
Host {name}
  ProxyCommand nsenter --target {leader} --net {python} {pipe}
  User admin
  IdentityFile {folder}/key
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known_hosts
  StrictHostKeyChecking yes
  ControlMaster auto
  ControlPath {control}/%C
  ControlPersist 60
  LogLevel ERROR
"""


class Failed(Exception):
    """The container could not be made."""


def run(*command: str, **options: object) -> str:
    """Standard output of a command; raises Failed with its last words."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    if done.returncode:
        raise Failed(f"{command[0]}: {(done.stderr or done.stdout).strip()[-2000:]}")
    return str(done.stdout)


def image(suite: str) -> Path:
    """The root file system for `suite`, built where it is not there."""
    if suite not in SUITES:
        raise Failed(f"LAB_SUITE is {suite!r}; allowed: {', '.join(SUITES)}")
    packages = [
        *PACKAGES,
        *(BUILD_PACKAGES if os.environ.get("THREEPROXY_ARCHIVE") else ENGINE_PACKAGES),
    ]
    tag = hashlib.sha256(" ".join([suite, *packages]).encode()).hexdigest()[:16]
    folder = BASE / f"root-{suite}-{tag}"
    if not folder.exists():
        BASE.mkdir(parents=True, exist_ok=True)
        part = folder.with_name(folder.name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        include = "--include=" + ",".join(packages)
        # In a mount namespace of its own: where it is killed, no /proc and /sys stay in the folder.
        command = ("unshare", "--mount", "mmdebstrap", "--variant=minbase", "--format=directory")
        run(*command, include, suite, str(part))
        part.rename(folder)
    return folder


def leader(nspawn: int) -> int | None:
    """Process 1 of the container, seen from here."""
    children = Path(f"/proc/{nspawn}/task/{nspawn}/children").read_text().split()
    return int(children[0]) if children else None


def inside(process: int, *command: str, **options: object) -> str:
    """Run a command in the container."""
    return run("nsenter", "--target", str(process), "--all", "--", *command, **options)


def boot(root: Path, folder: Path, name: str) -> int:
    """Start the container and wait until systemd says that it is up; process 1 of it."""
    environment = {**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
    command = [
        "systemd-nspawn", f"--directory={root}", "--volatile=overlay", "--boot", "--register=no",
        "--keep-unit", "--private-network", "--console=pipe", f"--machine={name}",
    ]  # fmt: skip
    with (folder / "console.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
            start_new_session=True,
        )  # fmt: skip
    (folder / "pid").write_text(f"{process.pid}\n")
    end = time.monotonic() + BOOT_S
    state = "nothing"
    while time.monotonic() < end and process.poll() is None:
        first = leader(process.pid)
        if first is not None:
            asked = ["nsenter", "--target", str(first), "--all", "systemctl", "is-system-running"]
            state = subprocess.run(
                asked, capture_output=True, text=True, check=False
            ).stdout.strip()
            if state in {"running", "degraded"}:
                return first
        time.sleep(POLL_S)
    raise Failed(f"not up within {BOOT_S} s (systemd says {state!r}); see {folder}/console.log")


def up(name: str) -> None:
    """Start container `name` and make it a server that an admin reaches by SSH."""
    down(name)
    root = image(os.environ.get("LAB_SUITE") or "bookworm")
    folder = BASE / name
    folder.mkdir(parents=True, exist_ok=True)
    key = folder / "key"
    if not key.exists():
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(key))
    first = boot(root, folder, name)
    setup = (HERE / "setup.sh").read_text()
    inside(first, "sh", "-s", input=f"KEY='{key.with_suffix('.pub').read_text().strip()}'\n{setup}")
    host_key = inside(first, "cat", "/etc/ssh/ssh_host_ed25519_key.pub")
    (folder / "known_hosts").write_text(f"{name} {host_key}")
    config = SSH_CONFIG.format(
        name=name,
        leader=first,
        folder=folder,
        python=sys.executable,
        pipe=HERE / "pipe.py",
        control=control_folder(folder),
    )
    (folder / "ssh_config").write_text(config)


def down(name: str) -> None:
    """End container `name` if it runs; what was changed in it is gone."""
    file = BASE / name / "pid"
    process = int(file.read_text()) if file.exists() else 0
    command_line = Path(f"/proc/{process}/cmdline")
    if process and command_line.exists() and f"--machine={name}" in command_line.read_text():
        subprocess.run(
            ["ssh", "-F", str(BASE / name / "ssh_config"), "-O", "exit", name],
            capture_output=True,
            check=False,
        )
        os.kill(process, signal.SIGTERM)
        end = time.monotonic() + STOP_S
        while command_line.exists() and command_line.read_text() and time.monotonic() < end:
            time.sleep(POLL_S)
        if command_line.exists() and command_line.read_text():
            os.kill(process, signal.SIGKILL)
    file.unlink(missing_ok=True)


def main() -> int:
    """Do what the command line says; one line on standard error where that fails."""
    if len(sys.argv) != 3 or sys.argv[1] not in {"up", "down"}:
        sys.stderr.write("usage: container.py up NAME | down NAME\n")
        return 2
    try:
        (up if sys.argv[1] == "up" else down)(sys.argv[2])
    except Failed as error:
        sys.stderr.write(f"container.py: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
