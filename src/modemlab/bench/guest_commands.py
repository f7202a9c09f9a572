# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs in the lab host, where ModemManager is in debug mode: one AT command, three ways, in turn.

`python - IMEI MMCLI_PATH COUNT` on standard input; prints median milliseconds by way. Each way has
a port of its own: ours is interface 03, ModemManager's is interface 02.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from modemfarm.at.session import AtSession
from modemfarm.contact import find_contact
from modemfarm.dbus.connection import Bus, Call

COMMAND = "AT+CSQ"
SERVICE = "org.freedesktop.ModemManager1"


def main() -> None:
    serial, path, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with AtSession(find_contact(serial).at_ports[0], wait=60) as session, Bus() as bus:
        session.sync()
        call = Call(SERVICE, path, f"{SERVICE}.Modem", "Command", "su", (COMMAND, 10))
        ways: dict[str, Callable[[], object]] = {
            "modemfarm session": lambda: session.command(COMMAND),
            "ModemManager Command (D-Bus)": lambda: bus.call(call),
            "mmcli --command": lambda: subprocess.run(
                ["mmcli", "-m", path, f"--command={COMMAND}"], check=True, capture_output=True
            ),
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(count):
            for name, way in ways.items():
                started = time.monotonic()
                way()
                times[name].append((time.monotonic() - started) * 1000)
    print(json.dumps({n: round(statistics.median(t), 2) for n, t in times.items()}))  # noqa: T201


if __name__ == "__main__":
    main()
