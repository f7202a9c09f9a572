# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs in the lab host as root: takes faults away, plugs modems in, waits until the farm is whole.

`python3 -m inside.ground MODEMS SECONDS` prints {"rows": …, "modems": …, "problems": [...]}: no
problem means that all modems serve, each through its own port.
"""

import json
import os
import subprocess
import sys
import time
from typing import Any

from modemlab import control
from modemlab.modem.faults import NO_FAULTS

CLI = "/usr/local/bin/modemfarm"
UNITS = ("postgresql", "modemfarm-apply.socket", "modemfarm-agent", "ModemManager",
         "NetworkManager", "modemfarm-routing")  # fmt: skip
POLL_S = 0.5
Row = dict[str, Any]


def ask(verb: str, **fields: Any) -> Row:
    answer = control.call({"verb": verb, **fields})
    if answer.get("ok") is not True:
        raise control.ControlError(f"{verb}: {answer.get('error')}")
    return answer


def tidy(count: int) -> None:
    """Faults end, guests leave, what was pulled goes back, what was stopped starts."""
    if ask("hello")["watching"]:
        ask("watch-stop")
    modems = ask("list")["modems"]
    guests = [modem["number"] for modem in modems if modem["number"] > count]
    if guests:
        ask("remove", modem=guests)
    for modem in modems:
        if modem["number"] in guests:
            continue
        for name in modem["faults"]:
            ask("fault", modem=modem["number"], name=name, value=NO_FAULTS[name])
        if not modem["plugged"]:
            ask("plug", modem=modem["number"])
    states = run("systemctl", "is-active", *UNITS).split()
    for unit, state in zip(UNITS, states, strict=True):
        if state != "active":
            run("systemctl", "unmask", "--runtime", unit)
            run("systemctl", "reset-failed", unit)
            run("systemctl", "start", unit)


def rows(count: int) -> tuple[list[Row], dict[str, Row]]:
    """The registry's rows of the first modems, and the modems themselves by IMEI."""
    modems = {modem["imei"]: modem for modem in ask("list")["modems"]}
    found = json.loads(run(CLI, "list", "--json") or "[]")
    first = {imei for imei, modem in modems.items() if modem["number"] <= count}
    forget([row["serial"] for row in found if row["serial"] not in first and not row["present"]])
    return [row for row in found if row["serial"] in first], modems


def forget(serials: list[str]) -> None:
    """Give the slots of guests that have left free again; `modemfarm forget` does one at a time."""
    if serials:
        wanted = ", ".join(f"'{serial}'" for serial in serials)
        query = f"DELETE FROM modems WHERE serial IN ({wanted})"  # noqa: S608 - digits
        run("sudo", "-u", "postgres", "psql", "-Xq", "-d", "modemfarm", "-c", query)


def problems(count: int, found: list[Row], modems: dict[str, Row]) -> list[str]:
    """What is not as it should be."""
    said = []
    if len(found) != count:
        said.append(f"{len(found)} of {count} modems are in the registry")
    for row in found:
        if row["state"] != "serving":
            said.append(f"{row['serial']} is {row['state']}: {row.get('reason')}")
        answer = ask("request", port=row["proxy_port"])["answer"]
        if (answer["body"] or "").strip() != modems[row["serial"]]["wan"]["address"]:
            said.append(f"port {row['proxy_port']}: {answer['error'] or answer['status']}")
    return said


def run(*command: str) -> str:
    """Standard output, whatever the exit code. The farm's programs have their own modules."""
    ours = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ours)
    if done.returncode and done.stderr:
        sys.stderr.write(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


def main() -> int:
    count, cap = int(sys.argv[1]), float(sys.argv[2])
    ends = time.monotonic() + cap
    tidy(count)
    while True:
        found, modems = rows(count)
        said = problems(count, found, modems)
        if not said or time.monotonic() > ends:
            break
        time.sleep(POLL_S)
    sys.stdout.write(json.dumps({"rows": found, "modems": modems, "problems": said}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
