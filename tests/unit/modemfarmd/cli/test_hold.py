# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm hold` and `release` against a stub of the agent, and where holds are shown."""

import json
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from modemfarm.errors import InvalidValueError
from modemfarm.hold import Hold
from modemfarm.snapshot import ModemRecord, Snapshot, write_snapshot
from modemfarmd.apply.peer import Peer
from modemfarmd.cli import main as cli
from modemfarmd.cli.hold import duration
from modemfarmd.cli.source import why_not
from modemfarmd.line.server import LineServer, listen

GOOD, OTHER = "867584030000017", "867584030000025"
Shell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["modemfarm", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return run


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What the agent was asked."""
    heard: list[dict[str, Any]] = []

    def answer(document: dict[str, Any], peer: Peer) -> dict[str, Any]:
        heard.append(document)
        if document["serial"] == OTHER:
            raise InvalidValueError("serial", OTHER, f"a modem of this host: {GOOD}")
        hold = {name: document[name] for name in ("until", "by", "reason") if name in document}
        return {"serial": document["serial"], "hold": hold if document["verb"] == "hold" else None}

    stop = threading.Event()
    with tempfile.TemporaryDirectory(prefix="mf-") as folder:
        path = Path(folder) / "agent.sock"
        monkeypatch.setenv("MODEMFARM_AGENT", str(path))
        server = LineServer(listen(path, "none"), answer, lambda _: None, stop)
        server.start()
        yield heard
        stop.set()
        server.join(5)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2h", 7200), ("90m", 5400), ("1d12h", 129_600), ("30s", 30), ("7d", 604_800)],
)
def test_durations(text: str, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "2", "h", "-2h", "0h", "8d", "2 h", "1e3s", "9" * 50 + "d", "2h!"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(InvalidValueError, match="--for"):
        duration(text)


def test_a_hold_is_asked_for_with_its_end_and_who(
    shell: Shell, asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "alice")
    code, out, _ = shell("hold", GOOD, "--for", "2h", "--reason", "new antenna")
    assert (code, GOOD in out, "new antenna" in out) == (0, True, True)
    (said,) = asked
    left = datetime.fromisoformat(said["until"]) - datetime.now(UTC)
    assert timedelta(minutes=119) < left <= timedelta(hours=2)
    assert said["by"].startswith("cli:")


def test_release_and_json(shell: Shell, asked: list[dict[str, Any]]) -> None:
    code, out, _ = shell("release", GOOD, "--json")
    assert (code, json.loads(out)) == (0, {"serial": GOOD, "hold": None})
    assert asked[0]["verb"] == "release"


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("hold", "12", "--for", "2h", "--reason", "x"), "15 ASCII digits"),
        (("hold", OTHER, "--for", "2h", "--reason", "x"), f"a modem of this host: {GOOD}"),
        (("hold", GOOD, "--for", "-2h", "--reason", "x"), "--for"),
        (("hold", GOOD, "--for", "30d", "--reason", "x"), "at most 7d"),
        (("hold", GOOD, "--for", "2h", "--reason", ""), "reason"),
        (("hold", GOOD, "--for", "2h"), "--reason"),
        (("release", OTHER), GOOD),
    ],
)
def test_bad_input_is_exit_2(
    shell: Shell, asked: list[dict[str, Any]], words: tuple[str, ...], part: str
) -> None:
    code, _, err = shell(*words)
    assert (code, part in " ".join(err.split())) == (2, True)


def test_no_agent_is_exit_1_and_says_what_to_do(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEMFARM_AGENT", str(tmp_path / "none.sock"))
    code, _, err = shell("hold", GOOD, "--for", "2h", "--reason", "x")
    assert (code, err.count("\n")) == (1, 1)
    assert "systemctl status modemfarm-agent" in err


def test_list_and_show_tell_holds_without_the_database(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {
        "version": 1, "host": "lab", "engine": "threeproxy", "lan_address": "192.168.1.100",
        "lan_interface": "lan0", "clients": ["192.168.1.0/24"], "nameservers": ["203.0.113.53"],
        "apn": "internet", "probe_url": "http://ip.lab.test/",
        "database": f"host={tmp_path} dbname=none",
    }  # fmt: skip
    (tmp_path / "farm.json").write_text(json.dumps(settings))
    hold = Hold(datetime.now(UTC) + timedelta(hours=1), "cli:alice", "antenna")
    over = Hold(datetime.now(UTC) - timedelta(hours=1), "cli:bob", "was long ago")
    records = (
        ModemRecord(GOOD, 1, "1-1", None, None, True, False, hold),
        ModemRecord(OTHER, 2, "1-2", None, None, True, False, over),
    )
    write_snapshot(Snapshot("lab", records), tmp_path / "modems.json")
    monkeypatch.setenv("MODEMFARM_SETTINGS", str(tmp_path / "farm.json"))
    monkeypatch.setenv("MODEMFARM_SNAPSHOT", str(tmp_path / "modems.json"))
    _, out, _ = shell("list", "--json")
    assert [row["hold"] for row in json.loads(out)] == [hold.as_dict(), None]
    _, out, _ = shell("list")
    assert hold.as_dict()["until"] in out
    _, out, _ = shell("show", GOOD)
    assert "by cli:alice until" in out


@pytest.mark.parametrize(
    ("said", "a_right"),
    [
        ('FATAL:  Peer authentication failed for user "alice"', True),
        ('FATAL:  role "alice" does not exist', True),
        ('FATAL:  database "modemfarm" does not exist', False),
        ('connection to server on socket "/x" failed: Permission denied', True),
        ('connection to server on socket "/x" failed: No such file or directory', False),
    ],
)
def test_a_missing_right_is_not_a_missing_database(
    said: str, a_right: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 61234)
    assert ("has no right" in why_not(said)) is a_right
    assert ("the database is gone" in why_not(said)) is not a_right
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert "the database is gone" in why_not(said)
