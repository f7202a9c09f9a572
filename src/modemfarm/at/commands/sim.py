# SPDX-License-Identifier: GPL-3.0-or-later
"""What the SIM wants (3GPP TS 27.007 section 8.3)."""

import re
from enum import Enum

from ...errors import CommandFailedError
from ..answers import matched
from ..session import AtSession


class SimState(Enum):
    """What the SIM wants (27.007 section 8.3)."""

    READY = "ready"
    PIN = "pin required"
    PUK = "puk required"
    ABSENT = "not inserted"
    BUSY = "busy"
    OTHER = "other lock"
    FAILED = "failed"


_SIM_ANSWERS = {"READY": SimState.READY, "SIM PIN": SimState.PIN, "SIM PUK": SimState.PUK}
_SIM_ERRORS = {
    10: SimState.ABSENT,
    11: SimState.PIN,
    12: SimState.PUK,
    13: SimState.FAILED,
    14: SimState.BUSY,
}


def sim_state(session: AtSession) -> SimState:
    """What AT+CPIN? says; an error that names no SIM state is raised."""
    try:
        found = matched(session, "AT+CPIN?", re.compile(r"\+CPIN: ?([A-Z0-9 -]+)\Z")).group(1)
    except CommandFailedError as error:
        if error.code in _SIM_ERRORS:
            return _SIM_ERRORS[error.code]
        raise
    return _SIM_ANSWERS.get(found.strip(), SimState.OTHER)
