# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of the journal become connections; what is none, or was refused, does not."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemfarmd.errors import JournalError
from modemfarmd.proxy_log import Connection, connections, read_connections

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
SAID = {
    "ts": 1, "svc": "PROXY", "port": 3128, "err": "00000", "user": "-", "cli": "192.168.1.50",
    "cport": 40000, "in": 5000, "out": 300, "ms": 60_000, "dst": "203.0.113.10", "dport": 80,
    "host": "www.test",
}  # fmt: skip
V2RAY = "2026/01/31 13:00:00 192.168.1.50:40000 accepted {} [{}]"


def entry(message: object, unit: str = "3proxy@1.service", at: datetime = AT) -> bytes:
    stamp = str(int(at.timestamp() * 1e6))
    fields = {"MESSAGE": message, "_SYSTEMD_UNIT": unit, "__REALTIME_TIMESTAMP": stamp}
    return json.dumps(fields).encode() + b"\n"


def said(**changes: Any) -> str:
    return json.dumps(SAID | changes)


def test_a_connection_began_before_it_was_written() -> None:
    (found,) = connections([entry(said(user="alice"))])
    began = AT - timedelta(minutes=1)
    assert found == Connection(1, "192.168.1.50", "alice", began, AT, up=300, down=5000)
    assert found.touches(AT - timedelta(seconds=30), AT - timedelta(seconds=30))
    assert not found.touches(AT + timedelta(seconds=1), AT + timedelta(hours=1))
    assert not found.touches(AT - timedelta(hours=1), began - timedelta(seconds=1))


def test_without_a_login_there_is_no_user() -> None:
    (found,) = connections([entry(said())])
    assert found.user is None


def test_v2ray_says_when_a_connection_began() -> None:
    lines = [
        entry(V2RAY.format("tcp:203.0.113.10:80", "socks -> uplink"), "v2ray-proxy@12.service"),
        entry(V2RAY.format("//www.test:443", "http -> uplink"), "v2ray-proxy@12.service"),
        entry(V2RAY.format("tcp:127.0.0.1:80", "socks -> drop"), "v2ray-proxy@12.service"),
        entry("V2Ray 4.34.0 (V2Fly) accepted", "v2ray-proxy@12.service"),
    ]
    assert list(connections(lines)) == [Connection(12, "192.168.1.50", None, AT, None)] * 2


def test_a_refused_request_used_no_address() -> None:
    assert list(connections([entry(said(err="00003", **{"in": 0, "out": 0}))])) == []
    assert len(list(connections([entry(said(err="00092"))]))) == 1


@pytest.mark.parametrize(
    "line",
    [
        b"", b"\n", b"null", b"[]", b"{}", entry(None), entry({}), entry("{}"), entry("{"),
        entry(said(), "cron.service"), entry(said(), "3proxy@1.service.evil"),
        entry(said(), "evil-3proxy@1.service"), entry(said(cli="nobody")),
        entry(said(cli="::1")), entry(said(ms="x")), entry(said(ms=10**30)),
        entry(said(**{"in": None})), b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_connection_is_left_out(line: bytes) -> None:
    assert list(connections([line])) == []


def test_what_is_not_utf8_comes_as_numbers() -> None:
    text = said(host="x\ufffd").encode()
    (found,) = connections([entry(list(text))])
    assert found.client == "192.168.1.50"


@given(st.binary(max_size=200))
def test_nothing_in_a_journal_stops_it(line: bytes) -> None:
    assert len(list(connections([line, entry(said())]))) == 1


@pytest.fixture
def journalctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands in front of the real one."""
    program = tmp_path / "journalctl"
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return program


def put(program: Path, script: str) -> None:
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_the_journal_is_asked_for_the_units_and_a_day_more(journalctl: Path) -> None:
    lines = journalctl.with_name("lines")
    lines.write_bytes(
        entry(said()) + entry(said(), "3proxy@2.service") + entry(said(), at=AT + timedelta(days=9))
    )
    put(journalctl, f'echo "$@" >{journalctl}.asked; cat {lines}')
    found = list(read_connections({1}, AT - timedelta(minutes=5), AT))
    assert [one.slot for one in found] == [1]
    asked = Path(f"{journalctl}.asked").read_text()
    assert "_SYSTEMD_UNIT=3proxy@1.service _SYSTEMD_UNIT=v2ray-proxy@1.service" in asked
    assert f"--since=@{AT.timestamp() - 300:.0f}" in asked
    assert f"--until=@{AT.timestamp() + 86_401:.0f}" in asked


def test_without_slots_nobody_is_asked(journalctl: Path) -> None:
    put(journalctl, "exit 9")
    assert list(read_connections(set(), AT, AT)) == []


def test_a_journal_that_cannot_be_read_says_why(journalctl: Path) -> None:
    put(journalctl, "echo no permission >&2; exit 1")
    with pytest.raises(JournalError, match="no permission"):
        list(read_connections({1}, AT, AT))
    journalctl.unlink()
    journalctl.parent.joinpath("empty").mkdir()


def test_a_host_without_journalctl(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(JournalError, match="cannot be run"):
        list(read_connections({1}, AT, AT))
