# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a host without a database, and a shell."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from modemfarm.snapshot import ModemRecord, Snapshot, write_snapshot
from modemfarmd.cli import main as cli

GOOD = "867584030000017"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings = {
        "version": 1, "host": "lab", "engine": "threeproxy", "lan_address": "192.168.1.100",
        "lan_interface": "lan0", "clients": ["192.168.1.0/24"], "nameservers": ["203.0.113.53"],
        "apn": "internet", "probe_url": "http://ip.lab.test/",
        "database": f"host={tmp_path} dbname=none",
    }  # fmt: skip
    (tmp_path / "farm.json").write_text(json.dumps(settings))
    record = ModemRecord(GOOD, 1, "1-1", "8" * 19, None, True)
    write_snapshot(Snapshot("lab", (record,)), tmp_path / "modems.json")
    monkeypatch.setenv("MODEMFARM_SETTINGS", str(tmp_path / "farm.json"))
    monkeypatch.setenv("MODEMFARM_SNAPSHOT", str(tmp_path / "modems.json"))
    return tmp_path


def run(*words: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> tuple[int, str, str]:
    """Through main(), so that exit codes and one-line errors are what a shell sees."""
    monkeypatch.setattr(sys, "argv", ["modemfarm", *words])
    with pytest.raises(SystemExit) as end:
        cli.main()
    said = capsys.readouterr()
    return int(end.value.code or 0), said.out, said.err


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Any:
    return lambda *words: run(*words, monkeypatch=monkeypatch, capsys=capsys)
