# SPDX-License-Identifier: GPL-3.0-or-later
"""The farm on the lab host, as its users see it: rows, requests through ports, waiting for both."""

import json
import time
from collections.abc import Callable
from typing import Any

from .errors import CommandFailed, GuestFailed
from .lab import Lab

POLL_S = 0.5
REQUEST_S = 5.0
LIST_S = 180  # 1-2 s when idle; over a minute was seen with three emulated hosts on two cores
IP_URL = "http://ip.lab.test/"
MODEMFARM = "/usr/local/bin/modemfarm"
Row = dict[str, Any]


def rows(lab: Lab) -> list[Row]:
    """What `sudo modemfarm list --json` on the host says, by slot."""
    found = json.loads(lab.guest.text(["sudo", MODEMFARM, "list", "--json"], timeout=LIST_S))
    modems: list[Row] = found["modems"] if isinstance(found, dict) else found
    return sorted(modems, key=lambda row: row["slot"])


SOCKS_PORT_BASE = 4127  # engine v2ray has a port of its own for SOCKS; see roles/farm


def entrances(lab: Lab, row: Row) -> dict[str, int]:
    """The port of each protocol that a LAN client may use for this modem."""
    http: int = row["proxy_port"]
    one_port = lab.need_running().engine["name"] == "threeproxy"
    return {
        "http": http,
        "connect": http,
        "socks5": http if one_port else SOCKS_PORT_BASE + row["slot"],
    }


def request(lab: Lab, port: int, url: str = IP_URL, timeout: float = REQUEST_S) -> Row:
    """One request from a LAN client through `port`: {status, body, seconds, error, headers}."""
    answer: Row = lab.control("request", port=port, url=url, timeout=timeout)["answer"]
    return answer


def wait_for(
    condition: Callable[[], Any], cap_s: float, what: str, explain: Callable[[], str]
) -> tuple[Any, float]:
    """Poll `condition` until it is true; returns (its value, seconds).

    Raises GuestFailed with `what` and the text of `explain()` after `cap_s` seconds.
    """
    start = time.monotonic()
    while True:
        value = condition()
        if value:
            return value, time.monotonic() - start
        if time.monotonic() - start > cap_s:
            raise GuestFailed(f"{what}: not within {cap_s:g} s. {explain()}")
        time.sleep(POLL_S)


def serving(lab: Lab, serials: set[str]) -> Callable[[], list[Row] | None]:
    """A condition: each of `serials` has a row in state serving."""

    def check() -> list[Row] | None:
        found = [row for row in rows(lab) if row["serial"] in serials]
        done = len(found) == len(serials) and all(row["state"] == "serving" for row in found)
        return found if done else None

    return check


def explain(lab: Lab) -> str:
    """The rows and the agent's last words, for an error message."""
    parts = []
    for row in rows(lab):
        parts.append(f"{row['serial']}: {row['state']} ({row.get('reason') or 'no reason given'})")
    words = lab.guest.run(
        [
            "sudo",
            "journalctl",
            "-u",
            "modemfarm-agent",
            "-u",
            "modemfarm-apply",
            "-n",
            "15",
            "-o",
            "cat",
        ],
        check=False,
    ).stdout.decode(errors="replace")
    return "; ".join(parts) + "\n" + words


def wait_port_answers(lab: Lab, port: int, wan: str, cap_s: float) -> float:
    """Wait until a request through `port` comes from `wan`; returns the seconds."""

    def check() -> bool:
        try:
            answer = request(lab, port)
        except CommandFailed:
            return False
        return bool(answer["status"] == 200 and answer["body"].strip() == wan)

    return wait_for(check, cap_s, f"port {port} answering from {wan}", lambda: explain(lab))[1]
