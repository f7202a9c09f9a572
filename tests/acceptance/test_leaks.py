# SPDX-License-Identifier: GPL-3.0-or-later
"""States that need a real host: its managers restart, the carrier changes an address. 0 leaks.

All that can be had in network namespaces is in tests/integration/modemfarm/leaks; a boot with the
power cut is F49/F52.
"""

import json

import pytest

from modemlab.host import farm, site
from modemlab.host.lab import Lab

SERVING_S = 180
LATE_S = 20.0


def ports(rows: list[farm.Row], modems: dict[str, farm.Row]) -> dict[str, str]:
    """The address that each port's answers come from."""
    return {str(row["proxy_port"]): modems[row["serial"]]["wan"]["address"] for row in rows}


def guard(lab: Lab) -> set[tuple[int, str]]:
    """The elements of the guard's set."""
    listed = json.loads(
        lab.guest.text(["sudo", "nft", "-j", "list", "set", "inet", "modemfarm_guard", "uplinks"])
    )
    (found,) = [item["set"] for item in listed["nftables"] if "set" in item]
    return {tuple(element["concat"]) for element in found.get("elem", ())}


def all_serve(lab: Lab, rows: list[farm.Row], modems: dict[str, farm.Row]) -> None:
    for row in rows:
        wan = modems[row["serial"]]["wan"]["address"]
        farm.wait_port_answers(lab, row["proxy_port"], wan, SERVING_S)


# ModemManager's restart is F28, among the faults.
@pytest.mark.parametrize("unit", ["NetworkManager", "nftables"])
def test_a_restart_of_a_manager_leaks_nothing(
    lab: Lab, rows: list[farm.Row], modems: dict[str, farm.Row], unit: str
) -> None:
    elements = guard(lab)
    lab.control("reset-counters")
    lab.control("watch-start", ports=ports(rows, modems), interval=0.5, timeout=LATE_S)
    try:
        lab.guest.run(["sudo", "systemctl", "restart", unit])
        now = guard(lab)
        all_serve(lab, rows, modems)
    finally:
        report = lab.control("watch-stop")["report"]
    assert report["wrong_count"] == 0, report
    assert lab.control("counters")["lan"]["leaks"] == 0
    if unit == "nftables":  # not even a moment: the guard and its elements are in its transaction
        assert now == elements
        assert report["failed_count"] == 0, report
    farm.wait_for(
        farm.serving(lab, {row["serial"] for row in rows}), SERVING_S, "all serve again",
        lambda: farm.explain(lab),
    )  # fmt: skip
    states = lab.control("knock", modem=1, ports=[22, 5432, rows[0]["proxy_port"]], timeout=2.0)
    assert set(states["ports"].values()) == {"silent"}, states


def test_nftables_stopped_leaves_the_guard(lab: Lab) -> None:
    elements = guard(lab)
    lab.guest.run(["sudo", "systemctl", "stop", "nftables"])
    assert guard(lab) == elements


def test_an_address_that_changes_live_leaks_nothing(
    lab: Lab, rows: list[farm.Row], modems: dict[str, farm.Row]
) -> None:
    row = rows[1]
    number = modems[row["serial"]]["number"]
    others = [other for other in rows if other is not row]
    lab.control("reset-counters")
    lab.control("watch-start", ports=ports(others, modems), interval=0.5, timeout=LATE_S)
    try:
        lab.control("set", modem=number, wan=f"10.97.{number}.2/30")
        farm.wait_port_answers(lab, row["proxy_port"], f"10.97.{number}.2", SERVING_S)
    finally:
        report = lab.control("watch-stop")["report"]
    assert (report["failed_count"], report["wrong_count"]) == (0, 0), report
    assert lab.control("counters")["lan"]["leaks"] == 0


@pytest.mark.parametrize("unit", ["NetworkManager", "ModemManager", "modemfarm-apply"])
def test_nothing_that_brings_modems_up_starts_before_the_rules(lab: Lab, unit: str) -> None:
    shown = lab.guest.text(["systemctl", "show", "-p", "After", "--value", f"{unit}.service"])
    assert "modemfarm-routing.service" in shown.split()


def test_verify_egress_agrees_and_changes_nothing(lab: Lab, rows: list[farm.Row]) -> None:
    log = lab.folder / "verify-egress.log"
    done = site.run(
        lab.project, lab.inventory, log, playbook="playbooks/verify-egress.yml", mitogen=False
    )
    assert (done.changed, done.failed) == (0, 0), done.output
    for row in rows:
        assert row["serial"] in done.output
