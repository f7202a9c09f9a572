# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.commands.clock."""

import pytest

from modemfarm.at.commands.clock import clock
from modemfarm.errors import AnswerUnreadableError


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ('"14/08/05,04:00:21+40"', "2014-08-05T04:00:21+10:00"),
        ('"15/02/28,20:30:40-32"', "2015-02-28T20:30:40-08:00"),
        ('"14/08/05,04:00:21"', "2014-08-05T04:00:21+00:00"),
        ("17/07/26,11:42:15+01", "2017-07-26T11:42:15+00:15"),
        ('"25/11/25,09:55:00+22"', "2025-11-25T09:55:00+05:30"),
    ],
)
def test_clock(answering, said, value):
    assert clock(answering({"AT+CCLK?": f"+CCLK: {said}|OK"})).time.isoformat() == value


@pytest.mark.parametrize("said", ['"80/01/06,00:00:37+00"', '"70/01/01,00:00:01+00"'])
def test_a_clock_that_nobody_set(answering, said):
    assert clock(answering({"AT+CCLK?": f"+CCLK: {said}|OK"})).time is None


@pytest.mark.parametrize(
    "said",
    ['"XX/XX/XX,XX:XX:XX+XX"', '"15/02/29,20:30:40-32"', '"15/02/28,24:00:00+00"', '""',
     '"15/02/28,20:30:40+99"', '"\u0661\u0665/02/28,20:30:40+00"'],
)  # fmt: skip
def test_no_time(answering, said):
    with pytest.raises(AnswerUnreadableError):
        clock(answering({"AT+CCLK?": f"+CCLK: {said}|OK"}))
