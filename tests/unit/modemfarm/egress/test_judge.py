# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of counted packets."""

import pytest

from modemfarm.egress.judge import Row, table

GOOD = {"tcp": {"wwan0": 2}, "dns": {"wwan0": 1}}


def row(sent, interface="wwan0"):
    return Row("867584030000017", 1, interface, sent)


@pytest.mark.parametrize(
    ("sent", "interface", "problems"),
    [
        (GOOD, "wwan0", []),
        (GOOD | {"udp": {"wwan0": 1}, "ipv6": {}}, "wwan0", []),
        ({}, None, []),
        (
            GOOD | {"tcp": {"wwan0": 1, "lan0": 3}},
            "wwan0",
            ["tcp left by lan0 (3 packets), its own interface is wwan0"],
        ),
        (
            {"dns": {"wwan1": 1}},
            None,
            ["dns left by wwan1 (1 packets), its own interface is not plugged in"],
        ),
        (
            {"dns": {"wwan0": 1}},
            "wwan0",
            ["nothing of tcp has left: the port does not serve"],
        ),
        (
            GOOD | {"ipv6": {"wwan0": 1}},
            "wwan0",
            ["ipv6 left by wwan0 (1 packets), the farm has none"],
        ),
    ],
)
def test_problems(sent, interface, problems):
    assert row(sent, interface).problems == problems


def test_the_table_is_aligned_and_says_what_is_wrong():
    lines = table([row(GOOD), row(GOOD | {"dns": {"lan0": 1}})])
    assert [line.split()[-1] for line in lines[1:]] == ["ok", "WRONG"]
    assert lines[0].split() == ["modem", "slot", "interface", "tcp", "udp", "dns", "ipv6"]
    assert lines[2].index("lan0:1") == lines[0].index("dns")
