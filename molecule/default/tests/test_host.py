# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: S101 - these are tests
"""The modem host from outside. Nothing here is read from the roles: the figures are the promise."""

import ipaddress
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from testinfra.host import Host

LAN_ADDRESS = "192.168.1.100"
FAIL_CLOSED = 2999
FIRST_UID, LAST_UID = 61001, 61032
FIRST_PORT = 3128
MODEMS = 2
COMMAND_S = 120
QUESTION_S = 90  # a question's socket was gone within 60 s
POLL_S = 2.0


def lab(*arguments: str) -> Any:
    """What `modemfarm lab ARGUMENTS` prints, parsed; the environment names the lab."""
    command = [str(Path(sys.executable).with_name("modemfarm")), "lab", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def virtual() -> dict[str, Any]:
    """The virtual modems by IMEI: the truth that the farm has to find."""
    return {modem["imei"]: modem for modem in lab("list", "--json") if modem["plugged"]}


@pytest.fixture(scope="module")
def rows(host: Host) -> list[dict[str, Any]]:
    """The farm's own rows."""
    listed = json.loads(host.check_output("sudo modemfarm list --json"))
    return [row for row in listed if row["state"] == "serving"]


def test_every_plugged_modem_has_a_row_and_a_port_of_its_own(
    rows: list[dict[str, Any]], virtual: dict[str, Any]
) -> None:
    assert {row["serial"] for row in rows} == set(virtual)
    assert {row["proxy_port"] for row in rows} == set(range(FIRST_PORT, FIRST_PORT + MODEMS))


def test_each_port_answers_from_its_own_modems_address(
    rows: list[dict[str, Any]], virtual: dict[str, Any]
) -> None:
    for row in rows:
        answer = lab("request", str(row["proxy_port"]))
        modem = virtual[row["serial"]]
        assert answer["status"] == 200, answer
        assert answer["body"].strip() == modem["wan"]["address"], (row, answer)
        assert answer["modem"] == str(modem["number"]), (row, answer)


@pytest.mark.parametrize("family", ["-4", "-6"])
def test_fail_closed_rule_covers_every_proxy_user(host: Host, family: str) -> None:
    rules = json.loads(host.check_output(f"ip -j {family} rule"))
    closed = [rule for rule in rules if rule["priority"] == FAIL_CLOSED]
    assert len(closed) == 1, rules
    assert closed[0]["action"] == "unreachable"
    assert (closed[0]["uid_start"], closed[0]["uid_end"]) == (FIRST_UID, LAST_UID)


def test_guard_is_loaded_and_ties_each_user_to_its_interface(
    host: Host, rows: list[dict[str, Any]]
) -> None:
    listed = json.loads(host.check_output("sudo nft -j list table inet modemfarm_guard"))
    items = listed["nftables"]
    hooks = {item["chain"]["hook"] for item in items if "hook" in item.get("chain", {})}
    assert {"input", "output"} <= hooks
    sets = {item["set"]["name"]: item["set"] for item in items if "set" in item}
    ties = {tuple(element["concat"]) for element in sets["uplinks"]["elem"]}
    assert ties == {(FIRST_UID - 1 + row["slot"], row["interface"]) for row in rows}


def test_no_unit_has_failed(host: Host) -> None:
    assert host.check_output("systemctl --failed --no-legend --plain") == ""


def test_modems_uplinks_carry_nothing_of_the_host_itself(
    host: Host, rows: list[dict[str, Any]]
) -> None:
    main = json.loads(host.check_output("ip -j route show table main"))
    assert not {route["dev"] for route in main} & {row["interface"] for row in rows}, main


def test_nothing_listens_beyond_lan_loopback_and_ssh(host: Host) -> None:
    """A proxy's DNS question has a wildcard UDP socket for seconds; what stays is a listener."""
    staying = beyond(host)
    assert not {name for name in staying if name.startswith("tcp")}, staying
    deadline = time.monotonic() + QUESTION_S
    while staying and time.monotonic() < deadline:
        time.sleep(POLL_S)
        staying &= beyond(host)
    assert not staying


def beyond(host: Host) -> set[str]:
    """The sockets that accept from elsewhere than the LAN, loopback and SSH's port."""
    lines = host.check_output("sudo ss -Hlntup").splitlines()
    assert lines
    return {" ".join(line.split()) for line in lines if not allowed(line)}


def allowed(line: str) -> bool:
    """Whether this line of `ss` is a socket at the LAN address, on loopback, or sshd's."""
    protocol, _, _, _, local, *_ = line.split()
    place, _, port = local.rpartition(":")
    address, _, interface = place.strip("[]").partition("%")
    if interface == "lo" or (address != "*" and ipaddress.ip_address(address).is_loopback):
        return True
    return address == LAN_ADDRESS or (protocol == "tcp" and port == "22" and '"sshd"' in line)
