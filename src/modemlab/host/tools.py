# SPDX-License-Identifier: GPL-3.0-or-later
"""The Debian packages that the admin side needs: found, installed, or named in one command."""

import glob
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .errors import MissingTools

# program looked for -> Debian/Ubuntu package that brings it
PROGRAMS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "mmdebstrap": "mmdebstrap",
    "mke2fs": "e2fsprogs",
    "busybox": "busybox-static",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "chroot": "coreutils",
}
# Files that a package brings where no program tells: the keys that Debian's archive is signed with.
FILES = {"/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring"}
# What the tests use beside them.
TEST_PROGRAMS = {
    "age": "age",
    "chromium": "chromium",
    "dbus-daemon": "dbus-daemon",
    "gcc": "gcc",
    "gpg": "gnupg",
    "groff": "groff-base",
    "ip": "iproute2",
    "make": "make",
    "nft": "nftables",
    "node": "nodejs",
    "qmicli": "libqmi-utils",
    "readelf": "binutils",
    "runuser": "util-linux",
    "setpriv": "util-linux",
    "systemd-analyze": "systemd",
    "systemd-nspawn": "systemd-container",
    "systemd-sysusers": "systemd",
    "udevadm": "udev",
    "v2ray": "v2ray",
}
# The same by file, for what is in no PATH: PostgreSQL's folder, the library behind qmicli.
TEST_FILES = {
    "/usr/include/stdio.h": "libc6-dev",
    "/usr/lib/postgresql/*/bin/initdb": "postgresql",
    "/usr/lib/python3/dist-packages/gi/__init__.py": "python3-gi",
    "/usr/lib/*/girepository-1.0/Qmi-1.0.typelib": "gir1.2-qmi-1.0",
}
SBIN = "/usr/local/sbin:/usr/sbin:/sbin"


def missing_packages(
    programs: dict[str, str] | None = None, files: dict[str, str] | None = None
) -> list[str]:
    """Names of the packages that are not installed, sorted."""
    path = os.environ.get("PATH", os.defpath) + os.pathsep + SBIN
    wanted = [
        package
        for program, package in (PROGRAMS if programs is None else programs).items()
        if shutil.which(program, path=path) is None
    ]
    wanted += [
        package
        for file, package in (FILES if files is None else files).items()
        if not Path(file).exists()
    ]
    return sorted(set(wanted))


def install_command(packages: list[str]) -> list[str] | None:
    """The command that installs `packages` from here, or None where we have no right to."""
    apt = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    if os.geteuid() == 0:
        return apt
    sudo = shutil.which("sudo")
    if (
        sudo
        and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0
    ):
        return [sudo, "-n", *apt]
    return None


def ensure(packages: list[str], log: Path) -> None:
    """Install `packages`; raises MissingTools naming the one command to run where we may not."""
    if not packages:
        return
    command = install_command(packages)
    by_hand = "sudo apt-get install --no-install-recommends " + " ".join(packages)
    if command is None:
        raise MissingTools(f"Debian packages are missing; run: {by_hand}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    update = [*command[: command.index("apt-get") + 1], "update"]
    with log.open("ab") as output:
        for step in (update, command):
            done = subprocess.run(
                step,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
                check=False,
            )
    if done.returncode:
        raise MissingTools(f"apt-get could not install them (see {log}); run: {by_hand}")


def main() -> int:
    """`python -m modemlab.host.tools`: install what the lab and the tests need."""
    packages = missing_packages(PROGRAMS | TEST_PROGRAMS)
    for pattern, package in TEST_FILES.items():
        if not glob.glob(pattern):  # noqa: PTH207 - the pattern is absolute
            packages.append(package)
    if not packages:
        return 0
    sys.stdout.write(f"installing Debian packages: {' '.join(packages)}\n")
    sys.stdout.flush()
    try:
        ensure(packages, Path(tempfile.gettempdir()) / f"modemfarm-apt-{os.getuid()}.log")
    except MissingTools as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
