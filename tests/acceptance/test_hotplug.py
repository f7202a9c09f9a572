# SPDX-License-Identifier: GPL-3.0-or-later
"""Unplug and replug: refused at once, nothing leaks, nobody else notices, same slot and port."""

from collections.abc import Iterator

import pytest

from modemlab.demo import free_port
from modemlab.host import farm
from modemlab.host.lab import Lab

REFUSED_S = 1.0
OFFLINE_S = 30
REPLUG_S = 120
LATE_S = 20  # a busy emulated host answers late; what counts is that it answers, and rightly


@pytest.fixture(autouse=True)
def no_watch_left(lab: Lab) -> Iterator[None]:
    """End a watch that a failed test left running."""
    yield
    if lab.control("hello")["watching"]:
        lab.control("watch-stop")


def watch_others(lab: Lab, rows: list[farm.Row], modems: dict[str, farm.Row]) -> None:
    ports = {str(r["proxy_port"]): modems[r["serial"]]["wan"]["address"] for r in rows}
    lab.control("watch-start", ports=ports, interval=1.0, timeout=LATE_S)


def assert_undisturbed(lab: Lab) -> None:
    report = lab.control("watch-stop")["report"]
    failures = {port: counts["failures"] for port, counts in report["ports"].items()}
    assert (report["failed_count"], report["wrong_count"]) == (0, 0), str(failures)[:2000]
    assert all(counts["ok"] > 5 for counts in report["ports"].values()), report


def test_unplug_refuses_at_once_and_replug_restores_the_same_port(
    lab: Lab, rows: list[farm.Row], modems: dict[str, farm.Row]
) -> None:
    row, others = rows[2], [rows[0], rows[1], rows[3]]
    modem = modems[row["serial"]]
    watch_others(lab, others, modems)
    lab.control("reset-counters")
    lab.control("unplug", modem=modem["number"])
    for method, port in farm.entrances(lab, row).items():
        answer = lab.control("request", port=port, method=method)["answer"]
        assert answer["status"] != 200, answer
        assert answer["seconds"] < REFUSED_S, answer
    farm.wait_for(
        lambda: [
            r for r in farm.rows(lab) if r["serial"] == row["serial"] and r["status"] == "offline"
        ],
        OFFLINE_S,
        "the unplugged modem is offline",
        lambda: farm.explain(lab),
    )
    counters = lab.control("counters")
    assert counters["lan"]["leaks"] == 0, counters["lan"]

    lab.control("plug", modem=modem["number"], port=free_port(modems))
    farm.wait_port_answers(lab, row["proxy_port"], modem["wan"]["address"], REPLUG_S)
    again, _ = farm.wait_for(
        farm.serving(lab, {row["serial"]}), REPLUG_S, "state serving", lambda: farm.explain(lab)
    )
    assert (again[0]["slot"], again[0]["proxy_port"]) == (row["slot"], row["proxy_port"])
    assert again[0]["usb_path"] != row["usb_path"]
    assert_undisturbed(lab)


def test_eight_at_once_with_equal_and_empty_usb_serials(
    lab: Lab, rows: list[farm.Row], modems: dict[str, farm.Row]
) -> None:
    lab.control("add", n=11, count=3, usb_serial="same")
    lab.control("add", n=14, count=1, usb_serial="")
    lab.control("add", n=15, count=4, usb_serial="0")
    numbers = list(range(11, 19))
    added = {m["imei"]: m for m in lab.control("list")["modems"] if m["number"] in numbers}
    watch_others(lab, rows, modems)
    lab.control("plug", modem=numbers)
    found, _ = farm.wait_for(
        farm.serving(lab, set(added)), 240, "8 modems serving", lambda: farm.explain(lab)
    )
    assert len({row["proxy_port"] for row in found}) == 8
    for row in found:
        answer = farm.request(lab, row["proxy_port"])
        assert answer["body"].strip() == added[row["serial"]]["wan"]["address"], (row, answer)
    assert_undisturbed(lab)
    lab.control("unplug", modem=numbers)


def test_modems_that_cannot_serve_say_why_and_disturb_nobody(
    lab: Lab, rows: list[farm.Row], modems: dict[str, farm.Row]
) -> None:
    lab.control("add", n=21, count=1, composition="ecm")
    lab.control("add", n=22, count=1, faults={"sim": "missing"})
    bad = {m["number"]: m["imei"] for m in lab.control("list")["modems"] if m["number"] in (21, 22)}
    watch_others(lab, rows, modems)
    lab.control("plug", modem=[21, 22])

    def reasons() -> dict[str, str] | None:
        found = {r["serial"]: r.get("reason") or "" for r in farm.rows(lab)}
        wanted = {number: found.get(imei, "") for number, imei in bad.items()}
        ready = "composition" in wanted[21].lower() and "sim" in wanted[22].lower()
        return found if ready else None

    farm.wait_for(reasons, 120, "both reasons shown", lambda: farm.explain(lab))
    assert_undisturbed(lab)
    lab.control("unplug", modem=[21, 22])
