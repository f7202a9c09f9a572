# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m modemfarmd.cli.build FOLDER`: write manual and completion below FOLDER/share.

Role agent runs it with /usr/local where it installs the program, so they are of that version.
"""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .completion import bash
from .manual import manual
from .tree import PROGRAM, read_tree

MANUAL = Path("share/man/man1/modemfarm.1")
COMPLETION = Path("share/bash-completion/completions/modemfarm")


def build(folder: Path) -> None:
    """Write both files. Raises OSError."""
    tree = read_tree()
    for name, text in ((MANUAL, manual(tree, _version())), (COMPLETION, bash(tree))):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)


def _version() -> str:
    try:
        return version(PROGRAM)
    except PackageNotFoundError:
        return "from a checkout"


def main() -> None:
    """Entry point."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m modemfarmd.cli.build FOLDER\n")
        sys.exit(2)
    build(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
