# SPDX-License-Identifier: GPL-3.0-or-later
"""The CLI without a database: it falls back to the snapshot, and it says what is wrong."""

import json
import os
import subprocess
import sys
import threading
import tty
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from modemfarm.snapshot import ModemRecord, Snapshot, write_snapshot
from modemfarmd.cli import main as cli
from modemfarmd.cli.output import cell
from modemfarmd.registry import db

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


def test_list_falls_back_to_the_snapshot_and_says_so(files: Path, shell: Any) -> None:
    code, out, err = shell("list", "--json")
    assert code == 0
    rows = json.loads(out)
    assert [(r["serial"], r["slot"], r["proxy_port"]) for r in rows] == [(GOOD, 1, 3128)]
    assert rows[0]["state"] == "unknown"
    assert "the database is gone" in err


def test_the_table_is_not_cut_in_a_pipe(files: Path, shell: Any) -> None:
    code, out, _ = shell("list")
    assert code == 0
    assert GOOD in out
    assert "3128" in out


def test_show_works_without_the_database(files: Path, shell: Any) -> None:
    code, out, err = shell("show", GOOD)
    assert (code, "no events" in err) == (0, True)
    assert "1-1" in out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("show", "12"), "15 ASCII digits"),
        (("show", "867584030000999"), f"a modem of this host: {GOOD}"),
        (("apply", "x"), "15 ASCII digits"),
        (("logs", "1" * 16), "15 ASCII digits"),
        (("forget", GOOD), "--force"),
        (("logs", GOOD, "-n", "0"), "greater than or equal to 1"),
        (("at", "--device", "/dev/null", "AT"), "a serial port"),
        (("at", "--device", "/no/such", "AT"), "a serial port"),
        (("nonsense",), "No such command"),
    ],
)
def test_bad_input_is_exit_2_and_names_what_is_allowed(
    files: Path, shell: Any, words: tuple[str, ...], expected: str
) -> None:
    code, _, err = shell(*words)
    assert code == 2
    assert expected in " ".join(err.split())


def test_missing_settings_are_exit_2(tmp_path: Path, shell: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("MODEMFARM_SETTINGS", str(tmp_path / "none.json"))
    code, _, err = shell("list")
    assert (code, err.count("\n")) == (2, 1)


def test_logs_and_forget_need_the_database(files: Path, shell: Any) -> None:
    code, _, err = shell("logs", GOOD)
    assert (code, "postgresql" in err) == (1, True)
    code, _, _ = shell("forget", GOOD, "--force")
    assert code == 1


def test_apply_without_its_service_is_exit_1(files: Path, shell: Any) -> None:
    code, _, err = shell("apply", "--socket", str(files / "none.sock"))
    assert (code, "apply service" in err) == (1, True)


def test_the_help_lists_our_verbs_and_those_of_others() -> None:
    names = CliRunner().invoke(cli.app, ["--help"]).output
    for verb in ("list", "show", "apply", "logs", "at", "forget"):
        assert f"  {verb} " in names


def test_at_on_a_bare_port_needs_no_settings(shell: Any) -> None:
    near, far = os.openpty()
    tty.setraw(far)
    answers = {b"AT+CSQ": b"+CSQ: 20,0\r\n\r\nOK", b"AT+COPS?": b"+CME ERROR: 3"}

    def answer() -> None:
        for _ in range(2):
            line = b""
            while not line.endswith(b"\r"):
                line += os.read(near, 100)
            os.write(near, b"\r\n" + answers[line.strip()] + b"\r\n")

    thread = threading.Thread(target=answer)
    thread.start()
    device = os.ttyname(far)
    code, out, _ = shell("at", "--device", device, "--json", "AT+CSQ")
    said = json.loads(out)
    assert code == 0
    assert said.pop("milliseconds") >= 0
    assert said == {"command": "AT+CSQ", "lines": ["+CSQ: 20,0"], "result": "OK", "error": None}
    code, out, _ = shell("at", "--device", device, "--json", "AT+COPS?")
    said = json.loads(out)
    assert (code, said["result"], said["lines"]) == (1, "ERROR", [])
    assert "operation not allowed" in said["error"]
    code, out, err = shell("at", "--device", device, "--json", "AT+CPIN=1234")
    assert (code, json.loads(out)["result"], "1234" in out + err) == (2, None, False)
    code, _, err = shell("at", "--device", device, "AT+CFUN=1,1")
    assert (code, "CFUN" in err) == (2, True)
    thread.join(5)
    os.close(near)
    os.close(far)


def test_hostile_cells_are_escaped() -> None:
    assert cell("\x1b[31mred") == "\\x1b[31mred"
    assert cell(None) == "-"
    assert cell(True) == "yes"


def test_nothing_heavy_is_imported_to_ask_a_port() -> None:
    script = (
        "import sys, modemfarmd.cli.main, modemfarmd.cli.at\n"
        "heavy = {'psycopg2', 'rich.table', 'ansible_runner', 'ansible', 'pyudev', 'modemlab'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": "src"},
        stdout=subprocess.PIPE, check=True, timeout=30,
    )  # fmt: skip
    assert done.stdout == b"[]\n"


def test_back_off_of_the_database_is_bounded() -> None:
    assert all(0.8 <= db.backoff(0) <= 1.2 for _ in range(50))
    assert all(24 <= db.backoff(attempt) <= 36 for attempt in range(6, 2000, 100))
