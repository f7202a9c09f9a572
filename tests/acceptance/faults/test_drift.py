# SPDX-License-Identifier: GPL-3.0-or-later
"""F45: somebody flushes rules or the guard by hand; it is found, told and mended, closed first."""

import pytest

from modemlab.host.lab import Lab

from .conftest import Start, variants
from .ground import root

FOUND_S = 60.0  # FAULTS F45
FLUSHES = {
    "guard": "nft delete table inet modemfarm_guard",
    "ruleset": "nft flush ruleset",
    "rules": "ip rule flush; ip rule add pref 32766 lookup main;"
    " ip rule add pref 32767 lookup default",
    "closed": "ip rule del pref 2999; ip -6 rule del pref 2999",
    "slot": "ip rule del pref {rule}",
    "table": "ip route flush table {table}",
    "tie": 'nft delete element inet modemfarm_guard uplinks {{ {uid} . "{interface}" }}',
}


@pytest.mark.parametrize("what", variants(*sorted(FLUSHES)))
def test_f45_flushed_by_hand(scene: Lab, start: Start, what: str) -> None:
    # What all share hits all: they are shut until it is back, and nothing may leave meanwhile.
    alone = what not in ("guard", "ruleset", "rules")
    with start("F45", allowed=("rule", "guard"), watch=alone) as running:
        slot = running.row["slot"]
        running.moment(5)
        root(scene, FLUSHES[what].format(
            rule=2000 + slot, table=1000 + slot, uid=61000 + slot,
            interface=running.row["interface"],
        ))  # fmt: skip
        if what in ("table", "tie"):
            running.converges("the port refuses", 10, lambda: not running.answers())
            running.serves(cap_s=2 * FOUND_S)
            return
        running.converges(
            "the reader sees it", 10, lambda: running.invariants.looks()[-1]["broken"]
        )
        running.converges("found and mended", FOUND_S + 30,
                          lambda: not running.invariants.looks()[-1]["broken"])  # fmt: skip
        running.serves(cap_s=FOUND_S)
