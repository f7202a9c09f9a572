# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded answers of qmicli.

`recorded/qmicli-1.32.2` is what Debian 12's qmicli printed for the virtual modem, by action and,
after a dot, by what was wrong with it. `recorded/others` has the forms that ours does not print:
some are what people showed of other versions and modems (mailing list, issue threads), with numbers
of persons replaced; some of these are cut or adapted, and some were put together from the formats
in libqmi's source and never came from a modem. They show what the parser bears, not what a certain
modem says.
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
