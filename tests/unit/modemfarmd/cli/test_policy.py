# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm policy` and `proxy-user` without a database: what is shown, and what is refused."""

import io
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from modemfarm.proxy.users import matches, read_users
from modemfarm.snapshot import ModemRecord, Snapshot, write_snapshot

from .conftest import GOOD

PASSWORD = "correct horse battery"


@pytest.fixture
def own(files: Path) -> Path:
    record = ModemRecord(GOOD, 1, "1-1", policy={"down_kbits": 8000, "denied_ports": []})
    write_snapshot(Snapshot("lab", (record,)), files / "modems.json")
    return files


def test_it_shows_all_values_and_where_they_are_from(own: Path, shell: Any) -> None:
    code, out, _ = shell("policy", GOOD)
    assert code == 0
    found = {line.split()[0]: line.split()[1:] for line in out.splitlines()[2:] if line.strip()}
    assert found["down_kbits"] == ["8000", "modem"]
    assert found["clients"] == ["192.168.1.0/24", "farm"]
    assert found["protocols"] == ["http,connect,socks", "default"]
    code, out, _ = shell("policy", GOOD, "--json")
    document = json.loads(out)
    assert document["own"] == {"down_kbits": 8000, "denied_ports": []}
    assert document["policy"]["denied_ports"] == []
    assert document["policy"]["idle_stream_s"] == 1800
    assert document["problem"] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--set", "denied_ports=99999"], "policy.denied_ports is 99999; allowed: ports from 1"),
        (["--set", "clients=172.16.0.0/12"], "policy.clients is '172.16.0.0/12'"),
        (["--set", "down_kbits=fast"], "policy.down_kbits is 'fast'; allowed: an integer"),
        (["--set", "bandwidth=9"], "--set is 'bandwidth'; allowed: clients, "),
        (["--set", "down_kbits"], "--set is 'down_kbits'; allowed: NAME=VALUE"),
        (["--unset", "bandwidth"], "--unset is 'bandwidth'"),
        (["--set", "users=nobody_known"], "policy.users is 'nobody_known'"),
        (["--set", 'users=a"b'], "policy.users is"),
    ],
)
def test_bad_input_is_refused_before_the_database(
    own: Path,
    shell: Any,
    words: list[str],
    said: str,
) -> None:
    code, out, err = shell("policy", GOOD, *words)
    assert code == 2
    assert said in err
    assert out == ""


def test_without_the_database_nothing_is_written(own: Path, shell: Any) -> None:
    code, _, err = shell("policy", GOOD, "--set", "down_kbits=9000")
    assert code == 1
    assert "database" in err
    assert "written" not in err


def test_users(
    tmp_path: Path,
    shell: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "users.json"
    monkeypatch.setenv("MODEMFARM_PROXY_USERS", str(path))
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
    code, out, err = shell("proxy-user", "add", "alice", "--expires", "2027-01-31", "--json")
    assert code == 0, err
    assert json.loads(out)["expires"] == "2027-01-31T00:00:00+00:00"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert matches(PASSWORD, read_users(path)["alice"].digest)
    code, out, _ = shell("proxy-user", "list", "--json")
    assert [row["name"] for row in json.loads(out)] == ["alice"]
    assert "$1$" not in out
    assert shell("proxy-user", "expire", "alice", "--at", "never")[0] == 0
    assert read_users(path)["alice"].expires is None
    assert shell("proxy-user", "remove", "alice")[0] == 0
    assert read_users(path) == {}


@pytest.mark.parametrize(
    ("words", "password", "said"),
    [
        (["add", "Alice"], PASSWORD, "user is 'Alice'"),
        (["add", "-"], PASSWORD, "user is '-'"),
        (["add", "alice"], "short", "password is '(not shown)'"),
        (["add", "alice", "--expires", "soon"], PASSWORD, "expires is 'soon'"),
        (["remove", "alice"], "", "user is 'alice'; allowed: one of: none yet"),
    ],
)
def test_bad_users(
    tmp_path: Path, shell: Any, monkeypatch: pytest.MonkeyPatch,
    words: list[str], password: str, said: str,
) -> None:  # fmt: skip
    path = tmp_path / "users.json"
    monkeypatch.setenv("MODEMFARM_PROXY_USERS", str(path))
    monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
    code, _, err = shell("proxy-user", *words)
    assert code == 2
    assert said in err
    assert not path.exists()
