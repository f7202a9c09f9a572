# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded answers of qmicli.

`recorded/qmicli-1.32.2` is what Debian 12's qmicli printed for the virtual modem, by action and,
after a dot, by what was wrong with it. `recorded/others` has what people showed of other versions
and modems (mailing list, issue threads), with numbers of persons replaced.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

RECORDED = Path(__file__).parent / "recorded"


@pytest.fixture
def recorded() -> Callable[[str], str]:
    """`recorded(name)`: the text of that name, wherever it is."""

    def read(name: str) -> str:
        (path,) = RECORDED.glob(f"*/{name}.txt")
        return path.read_text(encoding="utf-8")

    return read
