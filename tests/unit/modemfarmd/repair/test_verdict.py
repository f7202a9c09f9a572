# SPDX-License-Identifier: GPL-3.0-or-later
"""What one look means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modemfarmd.repair.evidence import Asked, Control, Evidence, Owner
from modemfarmd.repair.verdict import Verdict, judge

LOST = Asked(failure="no answer within 5 s")
GOOD = Evidence(
    "867584030000017", 10.0, 10.5, Control.ANSWERED, "home", None, True, "wwan0", ("10.64.0.2",),
    None, Owner.OURS, None, Asked("203.0.113.7"),
)  # fmt: skip
BAD = replace(GOOD, first=LOST, second=LOST, pulse=True, received=False)


def test_an_answer_by_either_target_is_health() -> None:
    assert judge(GOOD, 0, False) is Verdict.HEALTHY
    assert judge(replace(BAD, second=Asked("203.0.113.7")), 0, False) is Verdict.HEALTHY


def test_a_modem_that_serves_is_well_however_silent_its_at_port() -> None:
    assert judge(replace(GOOD, control=Control.SILENT), 99, True) is Verdict.HEALTHY


@pytest.mark.parametrize(
    ("change", "silent", "verdict"),
    [
        ({}, 0, Verdict.DATA_DEAD),
        ({"sim": "absent"}, 0, Verdict.NO_SIM),
        ({"sim": "pin"}, 0, Verdict.SIM_LOCKED),
        ({"sim": "puk"}, 0, Verdict.SIM_LOCKED),
        ({"registration": "denied"}, 0, Verdict.DENIED),
        ({"registration": "searching"}, 0, Verdict.NO_NETWORK),
        ({"owner": Owner.FOREIGN}, 0, Verdict.PORT_TAKEN),
        ({"owner": Owner.NOBODY}, 0, Verdict.PROXY_DEAD),
        ({"pulse": False}, 0, Verdict.PROXY_DEAD),
        # Behind a dead proxy nothing is known of the data path, so nothing of the modem.
        ({"pulse": False, "control": Control.SILENT}, 9, Verdict.PROXY_DEAD),
        ({"control": Control.SILENT}, 2, Verdict.DATA_DEAD),
        ({"control": Control.SILENT}, 3, Verdict.MODEM_SILENT),
        ({"control": Control.BUSY}, 0, Verdict.DATA_DEAD),
        ({"addresses": ()}, 0, Verdict.NO_BEARER),
        ({"received": True}, 0, Verdict.BROKEN_PROBE),
        ({"received": None}, 0, Verdict.DATA_DEAD),
    ],
)
def test_what_is_to_blame(change: dict[str, object], silent: int, verdict: Verdict) -> None:
    assert judge(replace(BAD, **change), silent, False) is verdict  # type: ignore[arg-type]


def test_packets_that_come_in_are_no_excuse_where_another_modem_works() -> None:
    assert judge(replace(BAD, received=True), 0, True) is Verdict.DATA_DEAD


def test_a_port_that_a_foreign_program_serves_is_not_ours_though_it_answers() -> None:
    """It would answer with the address of the LAN's own line."""
    assert judge(replace(GOOD, owner=Owner.FOREIGN), 0, True) is Verdict.PORT_TAKEN


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"addresses": ("10.64.0.2",)}, Verdict.UNKNOWN),
        ({"addresses": ()}, Verdict.NO_BEARER),
        # Only its radio was asked: nobody looked at an interface.
        ({"addresses": (), "interface": None}, Verdict.UNKNOWN),
        ({"addresses": (), "control": Control.BUSY}, Verdict.UNKNOWN),
        ({"addresses": (), "registration": "searching"}, Verdict.NO_NETWORK),
    ],
)
def test_a_modem_that_does_not_serve_yet(change: dict[str, object], verdict: Verdict) -> None:
    waiting = replace(GOOD, serves=False, first=None, owner=Owner.UNKNOWN)
    assert judge(replace(waiting, **change), 0, False) is verdict  # type: ignore[arg-type]


def test_evidence_for_the_registry_is_plain() -> None:
    values = BAD.as_dict()
    assert (values["seconds"], values["control"], values["owner"]) == (0.5, "answered", "ours")
    assert values["first"] == {"address": None, "failure": "no answer within 5 s"}
    assert "began" not in values
