# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm usb-plan` on made hosts: no modem, no database, no settings needed."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from modemfarm.snapshot import ModemRecord, Snapshot, write_snapshot
from modemfarmd.cli import main as cli

from ...usb_tree import UsbTree

GOOD = "867584030000017"


@pytest.fixture
def tree(tmp_path: Path) -> UsbTree:
    return UsbTree(tmp_path / "sys")


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Any:
    monkeypatch.setenv("MODEMFARM_SETTINGS", str(tmp_path / "none.json"))
    monkeypatch.setenv("MODEMFARM_SNAPSHOT", str(tmp_path / "modems.json"))

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["modemfarm", "usb-plan", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return run


def test_a_host_without_usb(tmp_path: Path, shell: Any) -> None:
    code, out, err = shell("--sysfs", str(tmp_path))
    assert code == 0
    assert "no USB controller" in out
    assert "this host: 0 EC25 on the bus, takes 0 more" in out
    assert "no IMEIs" in err


def test_the_tree_with_imeis_from_the_snapshot(tree: UsbTree, tmp_path: Path, shell: Any) -> None:
    tree.controller(buses=((1, "480", 4), (2, "5000", 4)))
    tree.hub("1-2", ports=4)
    tree.modem("1-2.3")
    tree.modem("1-2.4", configured=False)
    tree.other("1-3")
    record = ModemRecord(GOOD, 1, "1-2.3", None, None, True)
    write_snapshot(Snapshot("lab", (record,)), tmp_path / "modems.json")
    code, out, _ = shell("--sysfs", str(tree.sysfs))
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "controller 0000:00:14.0 (xhci_hcd, 8086:a36d)"
    assert (
        '  ├─ 1-2  tier 2  hub "USB2.0 Hub"  480 Mbit/s, self-powered, 4 ports, 2 free;'
        " supply of 1 A at least"
    ) in lines
    assert (
        f"  │  ├─ 1-2.3  tier 3  EC25 {GOOD}  480 Mbit/s, qmi, 15 endpoints"
        " (0:1 + 00:2 01:3 02:3 03:3 04:3), 500 mA"
    ) in lines
    assert any("1-2.4" in line and "NOT CONFIGURED, wants 15 endpoints" in line for line in lines)
    assert "usb2" not in out  # its empty SuperSpeed half
    assert "2 modem(s); takes 4 more as it is plugged (hub ports), at most 4" in out
    assert "96 (assumed)" in out
    assert "warning: not-configured: 1-2.4" in out
    assert "kernel log not read (none): --sysfs is another host's" in out


def test_plain_words_for_the_kernels_log(tree: UsbTree, tmp_path: Path, shell: Any) -> None:
    tree.controller()
    log = tmp_path / "dmesg"
    log.write_text("[  7.1] usb 1-1.7: can't set config #1, error -12\n")
    code, out, _ = shell("--sysfs", str(tree.sysfs), "--kernel-log", str(log))
    assert code == 0
    assert "kernel: 1-1.7: ENOMEM (-12), 1 time(s), last 7 s after boot" in out
    assert "out of endpoint contexts" in out
    log.write_text("")
    assert "nothing about USB that went wrong" in shell(
        "--sysfs", str(tree.sysfs), "--kernel-log", str(log)
    )[1]  # fmt: skip


def test_json(tree: UsbTree, shell: Any) -> None:
    tree.controller()
    tree.modem("1-1")
    code, out, _ = shell("--json", "--sysfs", str(tree.sysfs))
    assert code == 0
    document = json.loads(out)
    assert document["modems"] == 1
    assert document["controllers"][0]["takes"]["now"] == 3
    assert document["kernel"]["problem"]


@pytest.mark.parametrize("as_json", [True, False])
def test_hostile_strings_reach_no_terminal(tree: UsbTree, shell: Any, as_json: bool) -> None:
    tree.controller("0000:00:14.0\x1b[2J")
    tree.modem("1-1", product="\x1b]0;gone\x07[red]\u202eEC25")
    tree.hub("1-2", product="\x1b[2J\x9bhub")
    words = ["--json"] if as_json else []
    code, out, _ = shell(*words, "--sysfs", str(tree.sysfs))
    assert code == 0
    assert all(char.isprintable() or char == "\n" for char in out)
    assert "[red]" in out


@pytest.mark.parametrize(
    ("words", "field"),
    [(("--sysfs", "/nowhere"), "--sysfs"), (("--kernel-log", "/nowhere"), "--kernel-log")],
)
def test_bad_input(shell: Any, words: tuple[str, ...], field: str) -> None:
    code, out, err = shell(*words)
    assert (code, out) == (2, "")
    assert f"modemfarm: {field} is '/nowhere'; allowed: " in err
