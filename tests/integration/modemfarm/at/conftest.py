# SPDX-License-Identifier: GPL-3.0-or-later
"""A scripted modem on a pty, and a session on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from modemfarm.at.session import AtSession

from .scripted import ScriptedModem

ANSWERS: dict[str, str | tuple[float, str] | None] = {
    "AT": "OK",
    "AT+CMEE?": "+CMEE: 2|OK",
    "AT+CSCS?": '+CSCS: "GSM"|OK',
    "AT+CMGF?": "+CMGF: 0|OK",
    "AT+CSMS?": "+CSMS: 0,1,1,1|OK",
    "AT+CMEE=2": "OK",
    "AT+CSQ": "+CSQ: 20,99|OK",
    "AT+CGSN": "867584030000017|OK",
}


@pytest.fixture
def modem() -> Iterator[ScriptedModem]:
    script = ScriptedModem(dict(ANSWERS))
    yield script
    script.unplug()


@pytest.fixture
def session(modem: ScriptedModem, tmp_path: Path) -> Iterator[AtSession]:
    with AtSession(modem.device, lock_dir=tmp_path, wait=0) as opened:
        yield opened
