# SPDX-License-Identifier: GPL-3.0-or-later
"""Breaks each barrier once: the trap must see the leak that they stop, or it proves nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from modemlab.host import farm
from modemlab.host.lab import Lab

ROUTES = "/run/modemlab-routes"  # `ip route restore` wants a file that it can seek in
RULE = "ip rule {} pref 2999 uidrange 61001-61032 type unreachable"


def as_root(lab: Lab, *commands: str) -> None:
    """Run shell lines as root in the guest, each one, also after one that failed."""
    lines = "; ".join(f"{command} || status=1" for command in commands)
    lab.guest.run(["sudo", "sh", "-c", f"status=0; {lines}; exit $status"])


@contextmanager
def no_path(lab: Lab, row: farm.Row) -> Iterator[None]:
    """Take the modem's routes and the fail-closed rule away, as a broken apply would."""
    table = 1000 + row["slot"]
    as_root(
        lab,
        f"ip route save table {table} >{ROUTES}",
        f"ip route flush table {table}",
        RULE.format("del"),
    )
    try:
        yield
    finally:
        as_root(lab, RULE.format("add"), f"ip route restore <{ROUTES}")


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
