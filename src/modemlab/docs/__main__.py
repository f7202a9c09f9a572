# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m modemlab.docs`: make drawings and sections of docs/ anew. Prints what has changed."""

from __future__ import annotations

import sys
from pathlib import Path

from .parts import wanted


def main() -> None:
    """Entry point; works on the checkout that it is part of."""
    root = Path(__file__).parents[3]
    for path, text in wanted(root):
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(root)}\n")


if __name__ == "__main__":
    main()
