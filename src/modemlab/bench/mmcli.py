# SPDX-License-Identifier: GPL-3.0-or-later
"""One AT command by our session and by ModemManager, side by side in the lab host.

ModemManager passes commands on in debug mode only, so it gets that for the measurement.
"""

import json
from pathlib import Path

from ..host import farm
from ..host.lab import Lab
from .rows import Row

COUNT = 30
DROP_IN = "/run/systemd/system/ModemManager.service.d/bench.conf"
DEBUG = "[Service]\nExecStart=\nExecStart=/usr/sbin/ModemManager --debug\n"
SCRIPT = Path(__file__).with_name("guest_commands.py")
BACK_S = 240


def rows(lab: Lab) -> list[Row]:
    """Measure on the first modem that serves; ModemManager is as before afterwards."""
    serial = farm.rows(lab)[0]["serial"]
    _restart(lab, f"mkdir -p $(dirname {DROP_IN}) && cat >{DROP_IN}", DEBUG.encode())
    try:
        path, _ = farm.wait_for(
            lambda: _path(lab, serial), BACK_S, "ModemManager's modem", lambda: farm.explain(lab)
        )
        command = ["sudo", "/opt/modemfarm/venv/bin/python", "-", serial, path, str(COUNT)]
        done = lab.guest.run(command, stdin=SCRIPT.read_bytes(), timeout=BACK_S)
    finally:
        _restart(lab, f"rm {DROP_IN}", b"")
    found = json.loads(done.stdout)
    ours = found.pop("modemfarm session")
    return [Row("AT in the lab host", "AT+CSQ, median", COUNT, "ms", ours, found)]


def _restart(lab: Lab, change: str, text: bytes) -> None:
    script = f"{change} && systemctl daemon-reload && systemctl restart ModemManager"
    lab.guest.run(["sudo", "sh", "-c", script], stdin=text)


def _path(lab: Lab, serial: str) -> str | None:
    """Its object with an AT port that takes commands; None while it is being probed."""
    listed = json.loads(lab.guest.text(["sudo", "mmcli", "-L", "-J"]))["modem-list"]
    for path in listed:
        found = json.loads(lab.guest.text(["sudo", "mmcli", "-m", path, "-J"]))["modem"]
        ready = found["generic"]["state"] in ("registered", "connected")
        if ready and found["3gpp"]["imei"] == serial:
            return str(path)
    return None
