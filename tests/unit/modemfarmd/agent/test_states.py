# SPDX-License-Identifier: GPL-3.0-or-later
"""Which state may follow which, and what a wait that lasts too long becomes."""

import pytest

from modemfarmd.agent.states import ALLOWED, CAPS, Patience, State, allowed, waits_for
from modemfarmd.registry.model import Outcome

A = "867584030000017"


def test_every_state_has_its_row_and_stays_by_itself() -> None:
    assert set(ALLOWED) == set(State)
    assert all(allowed(state, state) for state in State)


@pytest.mark.parametrize("late", [State.SERVING, State.WAITING, State.FAILED, State.DEGRADED])
def test_no_late_answer_revives_what_is_gone_or_quarantined(late: State) -> None:
    assert not allowed(State.ABSENT, late)
    assert not allowed(State.QUARANTINED, late)


def test_every_state_can_be_left_and_reached() -> None:
    assert all(ALLOWED[state] - {state} for state in State)
    assert set().union(*ALLOWED.values()) == set(State)


@pytest.mark.parametrize(
    ("reason", "what"),
    [
        ("the cdc-wdm device has not appeared (waited 45 s)", "ports"),
        ("the network interface has not appeared", "ports"),
        ("ModemManager has not seen it", "QMI"),
        ("ModemManager is still initialising it", "QMI"),
        ("the SIM is not ready", "SIM"),
        ("not registered: searching (waited 45 s)", "network"),
        ("bearer refused: no SIM-side answer", "network"),
        ("NetworkManager cannot use cdc-wdm0 yet", "network"),
        ("another run works on it", None),
        ("the apply service at /run/x: timed out", None),
        (None, None),
    ],
)
def test_what_is_waited_for_is_read_from_the_reason(reason: str | None, what: str | None) -> None:
    assert waits_for(reason) == what


@pytest.mark.parametrize("what", CAPS)
def test_a_wait_beyond_its_cap_has_a_remedy(what: str) -> None:
    now = [0.0]
    patience = Patience(lambda: now[0])
    reasons = {
        "ports": "x has not appeared",
        "QMI": "ModemManager",
        "SIM": "SIM",
        "network": "bearer",
    }
    waiting = Outcome(A, "offline", "waiting", reasons[what], "wait")
    assert patience.judged(waiting) == waiting
    now[0] = CAPS[what].seconds - 1
    assert patience.judged(waiting) == waiting
    now[0] += 2
    late = patience.judged(waiting)
    assert (late.state, late.remedy) == (CAPS[what].then, CAPS[what].remedy)
    assert reasons[what] in (late.reason or "")
    assert (late.status == "error") == (CAPS[what].then is State.FAILED)
    assert patience.judged(Outcome(A, "online", "serving")).state == "serving"
    assert patience.judged(waiting) == waiting  # the next wait begins anew


def test_another_wait_has_its_own_time() -> None:
    now = [0.0]
    patience = Patience(lambda: now[0])
    patience.judged(Outcome(A, "offline", "waiting", "ModemManager has not seen it"))
    now[0] = CAPS["QMI"].seconds + 1
    assert patience.judged(Outcome(A, "offline", "waiting", "not registered")).state == "waiting"
