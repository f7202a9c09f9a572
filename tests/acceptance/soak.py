# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs in the lab host: ModemManager and we at the same modem, each counting its answers.

`python - IMEI SECONDS` on standard input; prints {side: {asked, answered, failures}}.
"""

import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from modemfarm.at.commands.identity import imei
from modemfarm.at.session import AtSession
from modemfarm.contact import find_contact
from modemfarm.errors import FarmError
from modemfarm.mm import ussd
from modemfarm.mm.access import Access
from modemfarm.qmi import queries

PAUSE_S = 0.2  # one person's worth of haste; ModemManager's own polling goes on beside it


def main() -> None:
    serial, seconds = sys.argv[1], float(sys.argv[2])
    contact = find_contact(serial)

    def at() -> bool:
        with AtSession(contact.at_ports[0], wait=20) as session:
            session.sync()
            return all(imei(session) == serial for _ in range(5))

    def qmi() -> bool:
        return bool(queries.ask(contact.qmi_port, "ids").serial == serial)

    def mm() -> bool:
        return "Balance" in (ussd.initiate(Access(serial), "*100#").text or "")

    end = time.monotonic() + seconds
    counts: dict[str, dict[str, Any]] = {}
    sides: dict[str, Callable[[], bool]] = {"at": at, "qmi": qmi, "mm": mm}
    threads = [
        threading.Thread(target=ask, args=(side, end, counts.setdefault(name, {})))
        for name, side in sides.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(counts))  # noqa: T201 - this is its answer


def ask(side: Callable[[], bool], end: float, count: dict[str, Any]) -> None:
    count |= {"asked": 0, "answered": 0, "failures": []}
    pause = threading.Event()
    while time.monotonic() < end:
        count["asked"] += 1
        try:
            count["answered"] += side()
        except FarmError as error:
            count["failures"].append(f"{time.time():.1f} {error}")
        pause.wait(PAUSE_S)


if __name__ == "__main__":
    main()
