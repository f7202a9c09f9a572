# SPDX-License-Identifier: GPL-3.0-or-later
"""Each event that the code can raise has a heading in the runbook, or a reason why not."""

from __future__ import annotations

import re

from modemfarm.proxy.quota import STATES as QUOTA_STATES
from modemfarmd.agent.states import State

from .events import kinds
from .pages import DOCS

TEXT = (DOCS / "runbook.md").read_text(encoding="utf-8")
_CALM = TEXT.partition("## Events that ask nothing of anybody")[2].partition("\n## ")[0]
HEADINGS = re.findall(r"^### `([a-z-]+)`$", TEXT, re.MULTILINE)
CALM = [
    name
    for row in re.findall(r"^\| (`.*?) \| .+ \|$", _CALM, re.MULTILINE)
    for name in re.findall(r"`([a-z-]+)`", row)
]


def test_each_kind_stands_there_once() -> None:
    assert sorted([*HEADINGS, *CALM]) == sorted(kinds())


def test_kinds_are_read_in_each_of_their_spellings() -> None:
    found = kinds()
    assert found["request-refused"] == "agent/control.py"  # post(self._tell, "...")
    assert found["unplugged"] == "agent/farm.py"  # x if y else z
    assert found["shared-cause-over"] == "repair/keeper.py"  # a name that is set before
    assert {state.value for state in State} <= found.keys()
    assert found["quota-left"] == "agent/quotas.py"  # f"quota-{x or y}"
    assert {f"quota-{state}" for state in QUOTA_STATES} <= found.keys()
    assert found["config-imported"] == "portable/registry.py"  # Event(...)


def test_every_heading_says_what_to_do() -> None:
    parts = re.split(r"^#+ .*$", TEXT, flags=re.MULTILINE)
    assert [part for part in parts[1:] if len(part.split()) < 8] == [
        part for part in parts[1:] if part.strip() == ""
    ]
