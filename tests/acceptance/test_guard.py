# SPDX-License-Identifier: GPL-3.0-or-later
"""Breaks each barrier once: the trap must see the leak that they stop, or it proves nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from modemlab.host import farm
from modemlab.host.lab import Lab

GUARD = "/run/modemfarm-guard.test"


@contextmanager
def no_path(lab: Lab, row: farm.Row) -> Iterator[None]:
    """Take the modem's routes and the fail-closed rule away, as a broken apply would."""
    table = str(1000 + row["slot"])
    uids = "61001-61032"
    saved = lab.guest.run(["ip", "route", "save", "table", table]).stdout
    lab.guest.run(["sudo", "ip", "route", "flush", "table", table])
    lab.guest.run(["sudo", "ip", "rule", "del", "pref", "2999"])
    try:
        yield
    finally:
        lab.guest.run(["sudo", "ip", "route", "restore"], stdin=saved)
        lab.guest.run(
            ["sudo", "ip", "rule", "add", "pref", "2999", "uidrange", uids, "type", "unreachable"]
        )


def test_the_guard_alone_stops_a_leak_and_without_it_the_trap_sees_one(
    lab: Lab, rows: list[farm.Row]
) -> None:
    row = rows[0]
    with no_path(lab, row):
        lab.control("reset-counters")
        stopped = farm.request(lab, row["proxy_port"], "http://203.0.113.10/")
        assert stopped["status"] != 200 or "lan" not in stopped["body"], stopped
        assert lab.control("counters")["lan"]["leaks"] == 0

        ruleset = lab.guest.run(["sudo", "nft", "list", "table", "inet", "modemfarm_guard"]).stdout
        lab.guest.run(["sudo", "nft", "delete", "table", "inet", "modemfarm_guard"])
        try:
            leaked = farm.request(lab, row["proxy_port"], "http://203.0.113.10/")
            assert "view=lan" in leaked["body"], leaked
            assert lab.control("counters")["lan"]["leaks"] > 0
        finally:
            lab.guest.run(["sudo", "nft", "-f", "-"], stdin=ruleset)
    answer = farm.request(lab, row["proxy_port"])
    assert answer["status"] == 200, answer
