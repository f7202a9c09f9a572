# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.commands.sim."""

import pytest

from modemfarm.at.commands.sim import SimState, sim_state
from modemfarm.errors import CommandFailedError


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ("+CPIN: READY|OK", SimState.READY),
        ("+CPIN: SIM PIN|OK", SimState.PIN),
        ("+CPIN: SIM PUK|OK", SimState.PUK),
        ("+CPIN: PH-NET PIN|OK", SimState.OTHER),
        ("+CME ERROR: 10", SimState.ABSENT),
        ("+CME ERROR: 13", SimState.FAILED),
        ("+CME ERROR: SIM busy", SimState.BUSY),
    ],
)
def test_sim_states(answering, answer, state):
    assert sim_state(answering({"AT+CPIN?": answer})) is state


def test_another_error_is_raised(answering):
    with pytest.raises(CommandFailedError, match="operation not allowed"):
        sim_state(answering({"AT+CPIN?": "+CME ERROR: 3"}))
