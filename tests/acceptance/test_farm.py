# SPDX-License-Identifier: GPL-3.0-or-later
"""The farm as it stands: every modem its own row, port, address and path; the host closed."""

import json

from modemlab.host import farm
from modemlab.host.lab import Lab

FAIL_CLOSED = 2999


def test_modemmanager_lists_every_modem(lab: Lab, rows: list[farm.Row]) -> None:
    listed = lab.guest.text(["mmcli", "-L"])
    assert listed.count("/org/freedesktop/ModemManager1/Modem/") == len(rows) == 4


def test_each_port_answers_from_its_own_modem(
    lab: Lab, rows: list[farm.Row], modems: dict[str, farm.Row]
) -> None:
    seen = {}
    for row in rows:
        answer = farm.request(lab, row["proxy_port"])
        assert answer["status"] == 200, answer
        assert (
            answer["body"].strip() == modems[row["serial"]]["wan"]["address"] == row["wan_address"]
        )
        assert answer["modem"] == str(modems[row["serial"]]["number"])
        seen[row["proxy_port"]] = answer["body"].strip()
    assert len(set(seen.values())) == len(rows)


def test_every_protocol_leaves_by_the_same_modem(lab: Lab, rows: list[farm.Row]) -> None:
    for row in rows:
        for method, port in farm.entrances(lab, row).items():
            answer = lab.control("request", port=port, method=method)["answer"]
            assert answer["status"] == 200, (method, answer)
            assert answer["body"].strip() == row["wan_address"], (method, answer)


def test_the_carrier_counts_requests_and_names_at_the_right_modem(
    lab: Lab, rows: list[farm.Row], modems: dict[str, farm.Row]
) -> None:
    row = rows[1]
    number = str(modems[row["serial"]]["number"])
    lab.control("dns", name="only-once.lab.test", addresses=["203.0.113.10"])
    lab.control("reset-counters")
    answer = farm.request(lab, row["proxy_port"], "http://only-once.lab.test/")
    assert answer["status"] == 200, answer
    counters = lab.control("counters")
    asked = {
        n for n, c in counters["modems"].items() if "only-once.lab.test" in str(c["dns_names"])
    }
    assert asked == {number}
    assert counters["lan"]["leaks"] == 0, counters["lan"]


def test_fail_closed_rules_are_loaded(lab: Lab) -> None:
    for family in ("-4", "-6"):
        rules = json.loads(lab.guest.text(["ip", "-j", family, "rule"]))
        closed = [rule for rule in rules if rule["priority"] == FAIL_CLOSED]
        assert len(closed) == 1, rules
        assert closed[0]["action"] == "unreachable"
        assert closed[0]["uid_start"] <= 61001 <= closed[0]["uid_end"]


def test_the_guard_ties_each_uid_to_its_interface(lab: Lab, rows: list[farm.Row]) -> None:
    listed = json.loads(
        lab.guest.text(["sudo", "nft", "-j", "list", "set", "inet", "modemfarm_guard", "uplinks"])
    )
    elements = next(item["set"] for item in listed["nftables"] if "set" in item)["elem"]
    ties = {tuple(element["concat"]) for element in elements}
    assert ties == {(61000 + row["slot"], row["interface"]) for row in rows}


def test_nothing_on_the_host_has_failed(lab: Lab) -> None:
    assert lab.guest.text(["systemctl", "--failed", "--no-legend", "--plain"]).strip() == ""


def test_nothing_listens_on_the_carrier_side(lab: Lab, rows: list[farm.Row]) -> None:
    ports = [22, 5432, *(row["proxy_port"] for row in rows)]
    states = lab.control("knock", modem=1, ports=ports, timeout=2.0)["ports"]
    assert set(states.values()) == {"silent"}, states


def test_device_links_lead_to_the_right_modem(lab: Lab, rows: list[farm.Row]) -> None:
    for row in rows:
        listed = lab.guest.text(["ls", f"/dev/modems/{row['serial']}"]).split()
        assert {"at", "qmi", "modem"} <= set(listed)
