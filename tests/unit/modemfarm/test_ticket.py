# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.ticket: what is said about oneself comes back to others as it was, or harmless."""

import os
from pathlib import Path

import pytest

from modemfarm.ticket import MAX_DOING, Ticket, file_name, tickets_of


@pytest.mark.parametrize(
    ("doing", "shown"),
    [
        ("", ""),
        ("sms send", "sms send"),
        ("a.b.c/../d", "a.b.c/../d"),
        ("%41 +*#", "%41 +*#"),
        ("line\nend\x1b[2J", "lineend[2J"),
        ("é€", "??"),
        ("x" * 400, "x" * MAX_DOING),
        ("/" * 400, "/" * MAX_DOING),
    ],
)
def test_there_and_back(tmp_path: Path, doing: str, shown: str) -> None:
    path = tmp_path / file_name("sms-867584030000017", 7, doing)
    path.touch()
    assert tickets_of(tmp_path, "sms-867584030000017") == [Ticket(7, os.getpid(), path, shown)]


def test_lowest_first_and_only_of_this_queue(tmp_path: Path) -> None:
    for name in ("q.000010.5", "q.000009.6.a", "q.1000000.7", "qq.000001.8", "q.x.9", "q.000001"):
        (tmp_path / name).touch()
    assert [ticket.process for ticket in tickets_of(tmp_path, "q")] == [6, 5, 7]
