# SPDX-License-Identifier: GPL-3.0-or-later
"""ModemManager and we work on the same modem, and neither loses an answer.

60 s in `make test`; MODEMFARM_SOAK_S=600 for the ten minutes of the long suites.
"""

import json
import os
from pathlib import Path
from typing import Any

from modemlab.host.lab import Lab

SECONDS = float(os.environ.get("MODEMFARM_SOAK_S", "60"))
SOAK = Path(__file__).with_name("soak.py")
SIGNS = ("timed out", "port disconnected", "marking modem", "no longer controllable")


def test_no_answer_is_lost_on_either_side(lab: Lab, rows: Any) -> None:
    imei = rows[2]["serial"]
    since = lab.guest.text(["date", "+%s"]).strip()
    text = lab.guest.run(
        ["sudo", "/opt/modemfarm/venv/bin/python", "-", imei, str(SECONDS)],
        stdin=SOAK.read_bytes(),
        timeout=SECONDS + 240,
    ).stdout
    counts = json.loads(text)
    for side, count in counts.items():
        assert count["failures"] == [], (side, count)
        assert count["answered"] == count["asked"] >= 5, (side, count)
    journal = lab.guest.text(
        ["sudo", "journalctl", "-u", "ModemManager", "--since", f"@{since}", "-o", "cat"]
    )
    assert [line for line in journal.splitlines() if any(sign in line for sign in SIGNS)] == []
