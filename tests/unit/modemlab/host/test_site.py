# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what ansible-playbook said."""

from pathlib import Path

import pytest

from modemlab.host.errors import CommandFailed
from modemlab.host.site import recap

GOOD = (
    "PLAY RECAP ****\nmodemfarm-lab : ok=114  changed=33   unreachable=0    failed=0    skipped=2\n"
)


def test_the_counts_are_read() -> None:
    found = recap(GOOD, 0, Path("x.log"))
    assert (found.ok, found.changed, found.unreachable, found.failed) == (114, 33, 0, 0)


@pytest.mark.parametrize(("text", "code"), [(GOOD, 2), ("nothing ran\n", 0)])
def test_no_success_without_code_zero_and_a_recap(text: str, code: int) -> None:
    with pytest.raises(CommandFailed, match=r"x\.log"):
        recap(text, code, Path("x.log"))


def test_the_failed_task_is_quoted() -> None:
    text = "ok: [a]\nfatal: [a]: FAILED! => {'msg': 'farm_slots is 0'}\n" + GOOD
    with pytest.raises(CommandFailed, match="farm_slots is 0"):
        recap(text, 2, Path("x.log"))
