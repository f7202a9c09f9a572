# SPDX-License-Identifier: GPL-3.0-or-later
"""Restores that are carried out: what comes back, what stays, what is told."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import psycopg2.extensions
import pytest

from modemfarm.errors import PinPolicyError
from modemfarm.pin.ledger import Ledger
from modemfarm.pin.secret import Pin
from modemfarmd.backup import units
from modemfarmd.backup.compare import Difference
from modemfarmd.backup.contents import LEDGER
from modemfarmd.backup.scratch import Scratch
from modemfarmd.cli import main as cli
from modemfarmd.registry import migrate
from modemfarmd.registry.db import Database
from modemfarmd.registry.model import Observation
from modemfarmd.registry.modems import Host, Registry

from .conftest import ICCID, ONE, THREE, TWO, Farm, build, drop_others, write

PLACES = "SELECT serial, host, slot, proxy_port, apn FROM modems ORDER BY serial"
NEW = "867584030000041"


@pytest.fixture
def made(lab: Farm) -> Path:
    return lab.save().path


def test_verify_checks_all_and_changes_nothing(lab: Farm, made: Path) -> None:
    before = lab.everything()
    report = lab.restore(made, verify=True)
    assert (report.restored, report.differences, report.written) == (False, (), ())
    assert [(one["serial"], one["port"]) for one in report.missing] == [(TWO, 3129)]
    assert (report.sessions, report.tokens, report.before) == (1, ("grafana",), None)
    assert lab.everything() == before


def test_what_was_lost_comes_back_with_every_row(lab: Farm, made: Path) -> None:
    tables = ("modem_logs", "events", "users", "modems", "audit", "hosts")
    counts = {t: lab.rows(f"SELECT count(*) FROM {t}") for t in tables}  # noqa: S608
    logs, places = "SELECT * FROM modem_logs ORDER BY id", lab.rows(PLACES)
    lines = lab.rows(logs)
    lab.rows("DELETE FROM modem_logs; DELETE FROM modems; UPDATE users SET role = 'viewer'")
    for name in ("proxy-users.json", "tls/key.pem"):
        (lab.root / "etc/modemfarm" / name).unlink()
    write(lab.root / "etc/modemfarm/pins.json", "{}\n", 0o600)
    write(lab.root / "etc/modemfarm/farm.json", "another run of site.yml")
    report = lab.restore(made)
    assert report.restored
    assert lab.rows(PLACES) == places
    assert lab.rows(logs) == lines
    for table, count in counts.items():
        more = 1 if table in ("events", "audit") else 0
        assert lab.rows(f"SELECT count(*) FROM {table}") == [(count[0][0] + more,)]  # noqa: S608
    assert Difference("user", "alice", "role", "viewer", "admin") in report.differences
    assert Difference("modem", TWO, "proxy_port", None, 3129) in report.differences
    assert sorted(report.written) == [
        "etc/modemfarm/pins.json", "etc/modemfarm/proxy-users.json", "etc/modemfarm/tls/key.pem",
    ]  # fmt: skip
    assert report.kept == ("etc/modemfarm/farm.json",)
    assert json.loads((lab.root / "etc/modemfarm/pins.json").read_text()) == {ICCID: "4711"}
    assert (lab.root / "etc/modemfarm/tls/key.pem").stat().st_mode & 0o777 == 0o600
    assert not list(lab.root.rglob(".new-*"))


def test_modems_are_reserved_and_doors_are_closed(lab: Farm, made: Path) -> None:
    lab.restore(made)
    rows = "SELECT serial, present, status, reason FROM modems WHERE host = 'lab' ORDER BY 1"
    said = "restored from a backup, not seen since"
    assert lab.rows(rows) == [(ONE, False, "offline", said), (TWO, False, "offline", said)]
    assert lab.rows("SELECT ended_why FROM sessions") == [("restored",)]
    assert lab.rows("SELECT count(*) FROM api_tokens WHERE revoked_at IS NULL") == [(0,)]
    assert lab.rows("SELECT action, actor, outcome FROM audit") == [("restore", "cli:test", "done")]
    # A new modem takes no reserved slot, and a known one has its own.
    database = Database(lab.dsn)
    registry = Registry(database, Host("lab", 8, 3127))
    assert registry.upsert(Observation(NEW, present=True, usb_path="1-7")).slot == 3
    assert registry.upsert(Observation(TWO, present=True, usb_path="1-8")).slot == 2
    database.close()


def test_tokens_may_be_kept(lab: Farm, made: Path) -> None:
    assert lab.restore(made, keep_tokens=True).tokens == ()
    assert lab.rows("SELECT count(*) FROM api_tokens WHERE revoked_at IS NULL") == [(1,)]


def test_the_registry_until_then_is_kept(lab: Farm, made: Path) -> None:
    lab.rows("UPDATE modems SET apn = 'later.example'")
    report = lab.restore(made)
    assert report.before is not None
    old = Farm(lab.root, psycopg2.extensions.make_dsn(lab.dsn, dbname=report.before), lab.farm,
               lab.settings)  # fmt: skip
    assert {row[4] for row in old.rows(PLACES)} == {"later.example"}
    assert lab.restore(made).before == report.before  # one, not one more each time
    assert {row[4] for row in old.rows(PLACES)} == {None, "iot.example"}


def test_no_try_is_forgotten(lab: Farm, made: Path) -> None:
    """F50: what was tried since the backup stays; what only the backup knows comes back."""
    ledger = Ledger(lab.root / LEDGER)
    ledger.begin(ICCID, Pin("9999"))
    assert lab.restore(made).differences == ()
    for pin in ("4711", "9999"):
        with pytest.raises(PinPolicyError):
            ledger.begin(ICCID, Pin(pin))
    write(lab.root / LEDGER, "half a led", 0o600)
    report = lab.restore(made)
    assert Difference("pin-tries", "refused", "count", 0, 1) in report.differences
    with pytest.raises(PinPolicyError, match="refused it before"):
        ledger.begin(ICCID, Pin("4711"))


def test_a_blank_host(lab: Farm, made: Path, server: Any, tmp_path: Path) -> None:
    """No registry at all, other files, same name; as after site.yml on a new disk."""
    name = psycopg2.extensions.parse_dsn(lab.dsn)["dbname"] + "_blank"
    lab.rows(f"CREATE DATABASE {name}")
    blank = build(tmp_path / "blank", server.dsn(name))
    for path in (blank.root / "etc/modemfarm/proxy-users.json", blank.root / LEDGER):
        path.unlink(missing_ok=True)
    try:
        report = blank.restore(made, identity=str(lab.settings.identity))
        assert blank.rows(PLACES) == lab.rows(PLACES)
        assert [one["serial"] for one in report.missing] == [ONE, TWO]
        with pytest.raises(PinPolicyError, match="refused it before"):
            Ledger(blank.root / LEDGER).begin(ICCID, Pin("4711"))
        kept = {"farm.json", "backup-recipients"}  # the database's name and the keys differ
        assert {one.rpartition("/")[2] for one in report.kept} == kept
    finally:
        drop_others(blank.dsn)
        lab.rows(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_registry_that_is_gone_altogether(lab: Farm, made: Path) -> None:
    places = lab.rows(PLACES)
    name = psycopg2.extensions.parse_dsn(lab.dsn)["dbname"]
    other = psycopg2.extensions.make_dsn(lab.dsn, dbname="postgres")
    Farm(lab.root, other, lab.farm, lab.settings).rows(f"DROP DATABASE {name} WITH (FORCE)")
    assert lab.restore(made).before is None
    assert lab.rows(PLACES) == places


def test_another_host_takes_the_place(lab: Farm, made: Path) -> None:
    """The modems are its own then, with ports by its own base; others' stay others'."""
    document = lab.documents | {"host": "new", "port_base": 4000}
    lab.farm = type(lab.farm).from_dict(document)
    report = lab.restore(made, other_host=True)
    assert lab.rows(PLACES) == [
        (ONE, "new", 1, 4001, None), (TWO, "new", 2, 4002, "iot.example"),
        (THREE, "elsewhere", 1, 3128, None),
    ]  # fmt: skip
    assert [one["port"] for one in report.missing] == [4002]


def test_an_older_schema_is_brought_up_to_date(
    lab: Farm, monkeypatch: pytest.MonkeyPatch, empty_dsn: str
) -> None:
    wanted = migrate.available()
    lab.rows("DROP SCHEMA public CASCADE")
    lab.rows("CREATE SCHEMA public")
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "available", lambda: wanted[:4])
        migrate.run(lab.dsn)
        columns = "INSERT INTO modems (serial, host, slot, proxy_port)"
        lab.rows(f"{columns} VALUES ('{ONE}', 'lab', 4, 3131)")
        made = lab.save()
    assert made.manifest.schema == 4
    report = lab.restore(made.path)
    assert report.before is None  # a registry of another schema: there is nothing to compare with
    assert lab.rows("SELECT max(version) FROM schema_migrations") == [(len(wanted),)]
    assert lab.rows(PLACES) == [(ONE, "lab", 4, 3131, None)]


@pytest.mark.parametrize("step", ["swap", "files"])
def test_a_failure_in_the_last_step_leaves_the_registry(
    lab: Farm, made: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (lab.root / "etc/modemfarm/tls/key.pem").unlink()
    before = lab.everything()
    if step == "swap":
        monkeypatch.setattr(Scratch, "swap", _fail)
    else:
        monkeypatch.setattr(Path, "replace", _fail)
    with pytest.raises(Exception, match="told to"):
        lab.restore(made)
    monkeypatch.undo()
    after = lab.everything()
    files, old = after.pop("files"), before.pop("files")
    assert after == before
    assert {name.rpartition("/")[2] for name in files.keys() - old.keys()} <= {"key.pem"}


def _fail(*_: object) -> None:
    raise PinPolicyError("told to fail", "do not tell me to")


def test_writers_stand_still_meanwhile(
    lab: Farm, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """systemctl is a program of ours that keeps what it was asked; the API does not run."""
    log = tmp_path / "asked"
    program = tmp_path / "bin/systemctl"
    write(program, f'#!/bin/sh\necho "$*" >>{log}\n[ "$*" != "--quiet is-active'
          ' modemfarm-api.service" ]\n', 0o755)  # fmt: skip
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    monkeypatch.setattr(units, "BOOTED", tmp_path)
    lab.restore(made, verify=True)
    assert not log.exists()
    lab.restore(made)
    assert [line.removeprefix("--quiet ") for line in log.read_text().splitlines()] == [
        "is-active modemfarm-agent.service", "is-active modemfarm-api.service",
        "stop modemfarm-agent.service", "start modemfarm-agent.service",
    ]  # fmt: skip


def test_the_verbs(
    lab: Farm, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = tmp_path / "backup.json"
    write(config, json.dumps({
        "version": 1, "folder": str(lab.settings.folder), "keep": 3,
        "recipients": str(lab.settings.recipients), "identity": str(lab.settings.identity),
    }))  # fmt: skip
    monkeypatch.setenv("MODEMFARM_SETTINGS", str(lab.root / "etc/modemfarm/farm.json"))
    monkeypatch.setenv("MODEMFARM_BACKUP", str(config))
    monkeypatch.setattr("modemfarmd.backup.contents.ROOT", lab.root)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["modemfarm", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    code, out, err = run("backup", "--json")
    assert (code, err) == (0, "")
    made = json.loads(out)
    code, out, err = run("restore", "--verify", made["file"])
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == f"  {TWO} is not plugged in: slot 2 and port 3129 stay reserved"
    assert out.splitlines()[-1].startswith("good: lab of ")
    lab.rows("UPDATE modems SET slot = 7, proxy_port = 3134 WHERE serial = %s" % f"'{TWO}'")  # noqa: S608, UP031
    code, out, err = run("restore", made["file"])
    assert (code, err) == (0, "")
    assert f"~ modem {TWO}  proxy_port: 3134 -> 3129" in out
    code, out, err = run("restore", "--json", "/etc/hostname")
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert "is not encrypted by age" in err
    write(config, '{"version": 1, "keep": 0}')
    code, out, err = run("backup")
    assert (code, "keep is 0; allowed: an integer from 1 to 1000" in err) == (2, True)
