# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab host's disk: a plain Debian server with its packages on it and nothing configured.

Built by mmdebstrap; root.img is written from inside mmdebstrap's own (user) namespace, so no root
is needed where mmdebstrap needs none. The initrd holds busybox and the few modules that find the
root file system: 2 MB instead of 36 MB, which under emulation is seconds of every boot.
"""

import gzip
import lzma
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .cpio import Archive
from .errors import CommandFailed, LabError
from .tools import SBIN

SUITES = ("bookworm", "trixie")
DISK_SIZE = "4G"  # sparse: what is used is about 1.3 GB
# What the roles install on a server that has a network. The guest has none.
ROLE_PACKAGES = (
    "apparmor ca-certificates gcc libc6-dev libqmi-proxy libqmi-utils make modemmanager"
    " network-manager nftables postgresql python3-psycopg2 python3-serial python3-venv"
    " unattended-upgrades v2ray"
).split()
# What makes it a server that Ansible reaches, and what the lab itself uses.
BASE_PACKAGES = (
    "curl dbus iproute2 iputils-ping kmod linux-image-amd64 openssh-server polkitd procps python3"
    " python3-apt sudo systemd systemd-sysv udev usbutils"
).split()
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Image:
    """The files that QEMU boots, all in one folder."""

    folder: Path

    @property
    def disk(self) -> Path:
        """Raw ext4 image of the root file system."""
        return self.folder / "root.img"

    @property
    def kernel(self) -> Path:
        """The suite's own kernel."""
        return self.folder / "vmlinuz"

    @property
    def initrd(self) -> Path:
        """gzip-compressed newc archive."""
        return self.folder / "initrd"

    @property
    def host_key(self) -> str:
        """The guest's SSH host key, as `type base64`."""
        return " ".join((self.folder / "ssh_host_key.pub").read_text().split()[:2])


def check_suite(suite: str) -> str:
    """Return `suite`; raises LabError where it is not one that the lab knows."""
    if suite not in SUITES:
        raise LabError(f"suite {suite!r} is not known; allowed: {', '.join(SUITES)}")
    return suite


def build(suite: str, folder: Path, public_key: str) -> Image:
    """Build the image into `folder` (made here); raises CommandFailed with the log's place."""
    work = folder.with_name(folder.name + ".part")
    subprocess.run(["rm", "-rf", str(work)], check=True)
    work.mkdir(parents=True)
    log = folder.with_name(folder.name + ".log")
    command = [
        "mmdebstrap",
        "--variant=minbase",
        "--format=null",
        "--include=" + ",".join(sorted(BASE_PACKAGES + ROLE_PACKAGES)),
        f"--customize-hook={HERE / 'guest_setup.sh'}",
        check_suite(suite),
        "/dev/null",
    ]
    environment = {
        **os.environ,
        "PATH": os.environ.get("PATH", os.defpath) + os.pathsep + SBIN,
        "LAB_OUT": str(work.resolve()),
        "LAB_KEY": public_key,
        "LAB_SIZE": DISK_SIZE,
    }
    with log.open("wb") as output:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            check=False,
        )
    if done.returncode:
        raise CommandFailed(f"mmdebstrap ended with {done.returncode}; its last words are in {log}")
    write_initrd(work)
    work.rename(folder)
    return Image(folder)


def _unpacked(module: Path) -> bytes:
    """A module's content: trixie ships them compressed, and our insmod takes them plain."""
    content = module.read_bytes()
    return lzma.decompress(content) if module.suffix == ".xz" else content


def write_initrd(folder: Path) -> None:
    """Pack busybox, our /init and the modules that the build left in `folder`/modules."""
    archive = Archive()
    for name in ("bin", "dev", "proc", "sys", "new", "modules"):
        archive.folder(name)
    archive.file("bin/busybox", Path("/bin/busybox").read_bytes(), 0o755)
    archive.file("init", (HERE / "guest_init.sh").read_bytes(), 0o755)
    for module in sorted((folder / "modules").iterdir()):
        archive.file(f"modules/{module.name.removesuffix('.xz')}", _unpacked(module), 0o644)
    (folder / "initrd").write_bytes(gzip.compress(archive.done(), compresslevel=6, mtime=0))
