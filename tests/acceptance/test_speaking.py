# SPDX-License-Identifier: GPL-3.0-or-later
"""Modems behind the kernel's own drivers: our modules, qmicli and mmcli say the same of each."""

import json
import re
import shlex
from collections.abc import Callable
from typing import Any

import pytest

from modemlab.host import adhoc, farm
from modemlab.host.lab import Lab

TRANSFER = 300_000  # bytes
TRAFFIC_BETWEEN = 60_000  # bytes: their headers, and health looks at less than 2 kB each
RSRP_DRIFT_DB = 3  # the virtual signal wanders by up to 0.3 dB a second
PYTHON = "/opt/modemfarm/venv/bin/python"


@pytest.fixture(scope="module")
def facts(lab: Lab, remark: Callable[[str], None]) -> dict[str, farm.Row]:
    """What modem_info says of modems 1 to 4, asked from the admin side, by IMEI.

    Asked again, twice at most, when an answer came too late: an emulated host on a busy machine
    takes more than 15 s for one qmicli.
    """
    for _ in range(3):
        result = adhoc.run(lab, "modem_info", {"gather": ["all"]})
        assert result["changed"] is False
        rows = [row for row in result["modems"] if row["serial"]]
        late = [e for row in rows for e in row["errors"].values() if "did not answer" in e]
        if not late:
            break
        remark(f"modem_info was asked again: {late}")
    return {row["serial"]: row for row in rows}


@pytest.fixture(scope="module")
def mm(lab: Lab) -> dict[str, dict[str, Any]]:
    """What ModemManager's own tool says, by IMEI."""
    paths = json.loads(lab.guest.text(["sudo", "mmcli", "-L", "-J"]))["modem-list"]
    found = {}
    for path in paths:
        modem = json.loads(lab.guest.text(["sudo", "mmcli", "-m", path, "-J"]))["modem"]
        sim = modem["generic"]["sim"]
        modem["sim"] = json.loads(lab.guest.text(["sudo", "mmcli", "-i", sim, "-J"]))["sim"]
        bearers = modem["generic"]["bearers"]
        modem["bearer"] = json.loads(lab.guest.text(["sudo", "mmcli", "-b", bearers[-1], "-J"]))[
            "bearer"
        ]
        found[modem["3gpp"]["imei"]] = modem
    return found


def qmicli(lab: Lab, cdc_wdm: str, action: str) -> str:
    return lab.guest.text(
        ["sudo", "qmicli", "-p", "-d", f"/dev/{cdc_wdm}", "--device-open-qmi", f"--{action}"]
    )


def value(text: str, name: str) -> str:
    found = re.search(rf"{name}: '?([^'\n]+)'?", text)
    assert found, f"no {name} in {text}"
    return found.group(1).strip()


def test_identity_agrees(lab: Lab, facts: Any, mm: Any, modems: Any, rows: Any) -> None:
    assert {row["serial"] for row in rows} <= set(facts)
    for row in rows:
        imei = row["serial"]
        fact, there = facts[imei], modems[imei]
        ids = qmicli(lab, fact["cdc_wdm"], "dms-get-ids")
        assert imei == value(ids, "IMEI") == mm[imei]["3gpp"]["imei"] == there["imei"]
        iccid = fact["iccid"]
        assert iccid == there["iccid"] == mm[imei]["sim"]["properties"]["iccid"]
        assert fact["imsi"] == there["imsi"] == mm[imei]["sim"]["properties"]["imsi"]
        assert fact["qmi"]["ids"]["serial"] == imei


def test_operator_and_registration_agree(lab: Lab, facts: Any, mm: Any, rows: Any) -> None:
    for row in rows:
        imei = row["serial"]
        fact = facts[imei]
        serving = qmicli(lab, fact["cdc_wdm"], "nas-get-serving-system")
        assert value(serving, "Registration state") == "registered"
        assert (
            fact["at"]["registration"]["state"] == "home" == mm[imei]["3gpp"]["registration-state"]
        )
        name = value(serving, "Description")
        assert fact["at"]["operator"]["name"] == name == mm[imei]["3gpp"]["operator-name"]
        assert mm[imei]["3gpp"]["operator-code"] == fact["at"]["provider"]["plmn"]


def test_signal_agrees(lab: Lab, facts: Any, mm: Any, rows: Any) -> None:
    for row in rows:
        imei = row["serial"]
        path, port = mm[imei]["dbus-path"], f"/dev/{facts[imei]['cdc_wdm']}"
        lab.guest.run(["sudo", "mmcli", "-m", path, "--signal-setup=1"])
        farm.wait_for(
            lambda path=path: signal_by_mm(lab, path), 30, "a reading", lambda: farm.explain(lab)
        )
        # In one breath: the signal wanders by up to 0.3 dB a second.
        script = (
            f"{farm.MODEMFARM} at {imei} AT+QCSQ --json && mmcli -m {path} --signal-get -J"
            f" && qmicli -p -d {port} --device-open-qmi --nas-get-signal-info"
        )
        text = lab.guest.text(["sudo", "sh", "-c", script])
        by_at = int(re.search(r'QCSQ: \\?"LTE\\?",-\d+,(-\d+)', text).group(1))
        by_mm = float(re.search(r'"rsrp":"(-[\d.]+)"', text).group(1))
        by_qmi = int(re.search(r"RSRP: '(-\d+) dBm'", text).group(1))
        assert max(by_at, by_mm, by_qmi) - min(by_at, by_mm, by_qmi) <= RSRP_DRIFT_DB, text
        assert facts[imei]["at"]["detailed_signal"]["rsrp_dbm"] < -60
        assert facts[imei]["qmi"]["signal"]["rsrp_dbm"] < -60


def signal_by_mm(lab: Lab, path: str) -> bool:
    text = lab.guest.text(["sudo", "mmcli", "-m", path, "--signal-get", "-J"])
    return bool(re.search(r'"rsrp":"-[\d.]+"', text))


def test_bearer_and_statistics_agree(lab: Lab, facts: Any, mm: Any, rows: Any, modems: Any) -> None:
    for row in rows:
        imei = row["serial"]
        fact, wan = facts[imei], modems[imei]["wan"]["address"]
        settings = qmicli(lab, fact["cdc_wdm"], "wds-get-current-settings")
        assert wan == value(settings, "IPv4 address") == fact["qmi"]["settings"]["ipv4"]["address"]
        assert wan == mm[imei]["bearer"]["ipv4-config"]["address"]
        assert wan in str(fact["at"]["addresses"])
        statistics = qmicli(lab, fact["cdc_wdm"], "wds-get-packet-statistics")
        told = int(value(statistics, "RX bytes OK"))
        ours = fact["qmi"]["statistics"]["rx_bytes"]
        # Health looks go on meanwhile, so a later reading may be higher and never lower.
        assert 0 < ours <= told
        assert int(mm[imei]["bearer"]["stats"]["bytes-rx"]) <= told


def received(lab: Lab, imei: str, cdc_wdm: str) -> tuple[int, int]:
    """Bytes received: since the modem was powered by AT, since its call began by QMI."""
    told = lab.guest.text(["sudo", farm.MODEMFARM, "at", imei, "AT+QGDCNT?", "--json"])
    by_at = re.search(r"\+QGDCNT: \d+,(\d+)", told)
    assert by_at, told
    statistics = qmicli(lab, cdc_wdm, "wds-get-packet-statistics")
    return int(by_at[1]), int(value(statistics, "RX bytes OK"))


def test_a_transfer_is_counted_alike(lab: Lab, facts: Any, rows: Any) -> None:
    """The two counters begin at different moments, so what counts is by how much they grow."""
    for row in rows:
        imei, port = row["serial"], facts[row["serial"]]["cdc_wdm"]
        before = received(lab, imei, port)
        url = f"{farm.IP_URL}bytes/{TRANSFER}"
        assert farm.request(lab, row["proxy_port"], url)["status"] == 200
        after = received(lab, imei, port)
        grown = [now - then for now, then in zip(after, before, strict=True)]
        assert all(TRANSFER < count < TRANSFER + TRAFFIC_BETWEEN for count in grown), grown


def test_every_read_is_answered_through_the_real_port(facts: Any, rows: Any) -> None:
    for row in rows:
        errors = facts[row["serial"]]["errors"]
        assert errors == {}, errors


def test_modules_need_no_play(lab: Lab, rows: Any) -> None:
    imei = rows[0]["serial"]
    said = adhoc.run(
        lab, "modem_at", {"modem": imei, "commands": ["AT+CGSN"], "correlation": "t-1"}
    )
    assert said["answers"][0]["lines"] == [imei]
    asked = adhoc.run(lab, "modem_qmi", {"modem": imei, "queries": ["signal-info", "ids"]})
    assert asked["answers"]["ids"]["serial"] == imei

    def logged() -> list[farm.Row]:
        text = lab.guest.text(
            ["sudo", farm.MODEMFARM, "logs", imei, "--json", "--correlation", "t-1"]
        )
        return [row for row in json.loads(text) if row["command"] == "AT+CGSN"]

    found, _ = farm.wait_for(logged, 60, "the module's row in the log", lambda: farm.explain(lab))
    assert (found[0]["channel"], found[0]["outcome"]) == ("at", "ok")
    assert found[0]["actor"].startswith("ansible:")
    assert found[0]["answer"].strip() == imei


def test_a_destructive_command_never_reaches_the_modem(lab: Lab, rows: Any) -> None:
    imei = rows[0]["serial"]
    result = adhoc.run(
        lab, "modem_at", {"modem": imei, "commands": ["AT+CSQ", "AT+QPOWD=1"], "role": "admin"}
    )
    assert result["failed"] is True
    assert result["error"] == "CommandRefusedError"
    assert result["modem"] == imei
    assert result["remedy"]
    done = lab.guest.run(["sudo", farm.MODEMFARM, "at", imei, "AT+CFUN=0"], check=False)
    assert done.returncode == 2, done


def test_two_programs_at_one_port(lab: Lab, facts: Any, rows: Any) -> None:
    """The second one waits or is told who holds it; a killed holder leaves nothing behind."""
    imei = rows[1]["serial"]
    port = f"/dev/{facts[imei]['at_port']}"
    hold = (
        "import sys, time; from modemfarm.at.session import AtSession;"
        f" s = AtSession({port!r}, wait=30); s.open(); print('held', flush=True);"
        " sys.stdin.readline()"
    )
    script = f"""
set -eu
mkfifo /tmp/hold.in /tmp/hold.out
{PYTHON} -c {shlex.quote(hold)} </tmp/hold.in >/tmp/hold.out &
holder=$!
exec 3>/tmp/hold.in
read line </tmp/hold.out
{farm.MODEMFARM} at --wait 0 {imei} AT+CSQ 2>&1 && exit 3 || echo "code $? holder $holder"
kill -9 $holder
exec 3>&-
rm /tmp/hold.in /tmp/hold.out
{farm.MODEMFARM} at --wait 20 {imei} AT+CGSN
"""
    text = lab.guest.text(["sudo", "sh", "-c", script], timeout=180)
    holder = re.search(r"code (\d+) holder (\d+)", text)
    assert holder, text
    assert holder.group(1) == "1"
    assert f"{holder.group(2)}" in text.split("code ")[0], text
    assert imei in text.split("holder ")[1]
