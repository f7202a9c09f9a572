# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets into the registry, read from pg_hba's lines."""

from types import SimpleNamespace
from typing import cast

import pytest

from modemlab.baseline import postgres
from modemlab.baseline.host import Host

CHECK = next(c.check for c in postgres.CONTROLS if c.number == "farm-postgres-02")
OURS = ("local", "modemfarm", "modemfarm,modemfarm_api")
REFUSED = ("local", "modemfarm,modemfarm_restore", "all", "reject")
EVERYBODY = ("local", "all", "all")


def look(*lines: tuple[str, ...]) -> str:
    """What the control says about these lines: type, databases, roles and, else peer, method."""
    rows = [[kind, base, roles, "", *(rest or ("peer",)), ""] for kind, base, roles, *rest in lines]
    return CHECK(cast(Host, SimpleNamespace(hba=rows)))


@pytest.mark.parametrize("refused", [REFUSED, ("local", "modemfarm", "all", "reject")])
def test_kept_when_others_are_refused_before_debians_line(refused: tuple[str, ...]) -> None:
    assert look(("local", "all", "postgres"), OURS, refused, EVERYBODY) == ""


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ((OURS, EVERYBODY), "nobody is refused for modemfarm"),
        ((OURS, EVERYBODY, REFUSED), "local all all peer"),
        ((OURS, ("local", "modemfarm,shop", "shop"), REFUSED), "local modemfarm,shop shop peer"),
        ((OURS, ("local", "modemfarm_restore", "all", "reject"), EVERYBODY), "nobody is refused"),
        ((OURS, ("local", "modemfarm", "shop", "reject"), EVERYBODY), "nobody is refused"),
    ],
)
def test_broken_when_somebody_else_gets_in(lines: tuple[tuple[str, ...], ...], words: str) -> None:
    assert words in look(*lines)
