# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things are in the checkout, and what a cached state was made from."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from .errors import LabError

# Everything that decides what site.yml leaves behind on the lab host.
SITE_INPUTS = (
    "action_plugins",
    "ansible.cfg",
    "collections",
    "filter_plugins",
    "inventories/lab",
    "library",
    "playbooks",
    "pyproject.toml",
    "requirements/host.lock",
    "roles",
    "src",
)
IMAGE_INPUTS = ("cpio.py", "guest_init.sh", "guest_setup.sh", "image.py")


def root() -> Path:
    """The checkout; raises LabError where the package was installed without one."""
    for folder in Path(__file__).resolve().parents:
        if (folder / "pyproject.toml").is_file() and (folder / "playbooks").is_dir():
            return folder
    raise LabError("the lab needs a checkout of modemfarm (playbooks/ and roles/ were not found)")


def files_below(paths: Iterable[Path]) -> list[Path]:
    """All files at or below `paths`, sorted, without what Python and editors leave behind."""
    found: list[Path] = []
    for path in paths:
        inside = [path] if path.is_file() else path.rglob("*")
        found += [file for file in inside if file.is_file() and "__pycache__" not in file.parts]
    return sorted(found)


def digest(paths: Iterable[Path], *more: str) -> str:
    """16 hexadecimal digits over the names and contents of `paths` and the strings `more`."""
    total = hashlib.sha256()
    for file in files_below(paths):
        total.update(f"{file}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\0".encode())
    for text in more:
        total.update(f"{text}\0".encode())
    return total.hexdigest()[:16]
