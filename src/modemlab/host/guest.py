# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab host seen from the admin side: SSH over one kept connection, on loopback only."""

import hashlib
import io
import os
import shlex
import socket
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from .errors import CommandFailed, GuestFailed

NAME = "modemfarm-lab"
CONNECT_S = 10
COMMAND_S = 120  # a plain command under emulation; longer ones say so
POLL_S = 0.3
CONFIG = """\
Host {name}
  HostName 127.0.0.1
  Port {port}
  User lab
  IdentityFile {key}
  IdentitiesOnly yes
  HostKeyAlias {name}
  UserKnownHostsFile {known_hosts}
  StrictHostKeyChecking yes
  ConnectTimeout {connect_s}
  ControlMaster auto
  ControlPath {control}/%C
  ControlPersist 300
  LogLevel ERROR
"""


class Guest:
    """Runs commands in the lab host. `folder` gets ssh_config and known_hosts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "ssh_config"

    def configure(self, port: int, key: Path, host_key: str, control: Path) -> None:
        """Write the SSH client's files for a guest that answers on 127.0.0.1:`port`."""
        known_hosts = self.folder / "known_hosts"
        known_hosts.write_text(f"{NAME} {host_key}\n")
        self.config.write_text(
            CONFIG.format(
                name=NAME,
                port=port,
                key=key,
                known_hosts=known_hosts,
                control=control,
                connect_s=CONNECT_S,
            )
        )

    def ssh(self, *options: str) -> list[str]:
        """The ssh command up to and including the host."""
        return ["ssh", "-F", str(self.config), *options, NAME]

    def run(
        self,
        command: Sequence[str],
        *,
        stdin: bytes = b"",
        timeout: float = COMMAND_S,
        check: bool = True,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run `command` (quoted here) as `lab`; raises CommandFailed with its last words."""
        line = shlex.join(command)
        try:
            done = subprocess.run(
                [*self.ssh(), line], input=stdin, capture_output=True, timeout=timeout, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise CommandFailed(f"in the lab host, no end after {timeout:g} s: {line}") from error
        if check and done.returncode:
            words = (done.stderr or done.stdout).decode(errors="replace").strip()[-2000:]
            raise CommandFailed(f"in the lab host, code {done.returncode}: {line}\n{words}")
        return done

    def text(self, command: Sequence[str], *, timeout: float = COMMAND_S) -> str:
        """Standard output of `command` as text."""
        return self.run(command, timeout=timeout).stdout.decode(errors="replace")

    def wait(self, cap_s: float) -> float:
        """Wait for the first SSH answer; returns the seconds, raises GuestFailed after `cap_s`."""
        start = time.monotonic()
        while time.monotonic() - start < cap_s:
            if self._banner() and self.run(["true"], timeout=60, check=False).returncode == 0:
                return time.monotonic() - start
            time.sleep(POLL_S)
        raise GuestFailed(
            f"the lab host gave no SSH answer in {cap_s:g} s; see {self.folder}/console.log"
        )

    def push(self, files: dict[str, Path], target: str) -> None:
        """Copy `files` (path below `target` -> local file) as root, replacing what is there."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for name, path in sorted(files.items()):
                tar.add(path, arcname=name, recursive=False, filter=_anonymous)
        place = shlex.quote(target)
        script = f"rm -rf {place} && mkdir -p {place} && tar -xC {place}"
        self.run(["sudo", "sh", "-c", script], stdin=buffer.getvalue())

    def forward(self, local: Path, remote: str) -> None:
        """Have the Unix socket `remote` of the lab host answer at `local`, by the kept connection.

        Raises CommandFailed. It lasts as long as that connection.
        """
        local.unlink(missing_ok=True)
        self.run(["true"])  # makes the connection where there is none
        done = subprocess.run(
            self.ssh("-O", "forward", "-L", f"{local}:{remote}"), capture_output=True, check=False
        )
        if done.returncode:
            raise CommandFailed(f"no way to {remote} in the lab host: {done.stderr.decode()}")

    def set_clock(self) -> None:
        """Give the guest the admin side's time: a resumed state still has its own."""
        self.run(["sudo", "date", "--utc", "--set", f"@{time.time():.3f}"])

    def forget_connection(self) -> None:
        """Drop the kept SSH connection, whose other end may be gone."""
        subprocess.run(self.ssh("-O", "exit"), capture_output=True, check=False)

    def _banner(self) -> bool:
        port = next(
            int(line.split()[1])
            for line in self.config.read_text().splitlines()
            if line.split()[0] == "Port"
        )
        # QEMU accepts before the guest listens: only the banner says that sshd is there.
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False


def free_port() -> int:
    """A loopback TCP port that nothing uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def control_folder(folder: Path) -> Path:
    """A short private folder for SSH's control sockets (their paths are limited to 108 bytes)."""
    tag = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]
    path = Path(tempfile.gettempdir()) / f"modemfarm-{os.getuid()}-{tag}"
    path.mkdir(mode=0o700, exist_ok=True)
    if path.stat().st_uid != os.getuid() or path.is_symlink():
        raise GuestFailed(f"{path} is not ours; remove it")
    return path


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member
