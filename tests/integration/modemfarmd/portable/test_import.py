# SPDX-License-Identifier: GPL-3.0-or-later
"""Export and import on a real PostgreSQL, through the CLI: all of a file or nothing of it."""

from __future__ import annotations

import json
import os
import select
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from modemfarm.snapshot import ModemRecord, Snapshot, write_snapshot
from modemfarmd.cli import main as cli
from modemfarmd.cli.verbs import app
from modemfarmd.registry.db import Database, connect
from modemfarmd.registry.model import Observation
from modemfarmd.registry.modems import Host, Registry

from ....unit.modemfarmd.portable.bad import BAD, GOOD, MISFITS, ONE, THREE, TWO, changed

Shell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def registry(dsn: str) -> Iterator[Registry]:
    """Two modems here, the first plugged in, the second with an APN; one on another host."""
    database = Database(dsn)
    registry = Registry(database, Host("lab", 8, 3127))
    registry.upsert(Observation(ONE, present=True, usb_path="1-1"))
    registry.upsert(Observation(TWO))
    Registry(database, Host("elsewhere", 8, 3127)).upsert(Observation(THREE))
    database.rows("set_apn", {"host": "lab", "serial": TWO, "apn": "iot.example"})
    yield registry
    database.close()


@pytest.fixture
def shell(
    dsn: str, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> Shell:
    settings = {
        "version": 1, "host": "lab", "engine": "threeproxy", "lan_address": "192.168.1.100",
        "lan_interface": "lan0", "clients": ["192.168.1.0/24"], "nameservers": ["203.0.113.53"],
        "apn": "internet", "probe_url": "http://ip.lab.test/", "slots": 8, "database": dsn,
    }  # fmt: skip
    (tmp_path / "farm.json").write_text(json.dumps(settings))
    monkeypatch.setenv("MODEMFARM_SETTINGS", str(tmp_path / "farm.json"))
    monkeypatch.setenv("MODEMFARM_SNAPSHOT", str(tmp_path / "modems.json"))

    def run(*words: str, content: bytes | None = None) -> tuple[int, str, str]:
        if content is not None:
            (tmp_path / "file.yml").write_bytes(content)
            words = ("import", str(tmp_path / "file.yml"), *words)
        monkeypatch.setattr(sys, "argv", ["modemfarm", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return run


def everything(dsn: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows that an import could touch, with the versions that PostgreSQL gives them."""
    connection = connect(dsn)
    found = {}
    for table in ("modems", "events", "holds", "hosts"):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT xmin::text, * FROM {table} ORDER BY 2")  # noqa: S608
            found[table] = cursor.fetchall()
    connection.close()
    return found


def placed(registry: Registry) -> dict[str, tuple[int, int, str | None]]:
    return {r["serial"]: (r["slot"], r["proxy_port"], r["apn"]) for r in registry.modems()}


@pytest.mark.parametrize("name", [*BAD, *MISFITS])
def test_a_bad_file_leaves_the_registry_as_it_was(shell: Shell, dsn: str, name: str) -> None:
    raw, said, allowed = (BAD | MISFITS)[name]
    before = everything(dsn)
    code, out, err = shell(content=raw)
    assert (code, out) == (2, "")
    assert err.startswith("modemfarm: ")
    assert said in err
    assert allowed in err.partition("; allowed: ")[2]
    assert err.count("\n") == 1
    assert everything(dsn) == before


def test_what_is_exported_is_imported_without_a_change(
    shell: Shell, dsn: str, tmp_path: Path
) -> None:
    before = everything(dsn)
    code, text, _ = shell("export")
    assert code == 0
    code, out, _ = shell(content=text.encode())
    assert (code, out) == (0, "0 were added, 0 were changed, 2 are the same\n")
    assert everything(dsn) == before
    assert shell("export", "--output", str(tmp_path / "out.yml"))[0] == 0
    assert (tmp_path / "out.yml").read_text().splitlines()[1:] == text.splitlines()[1:]


NEW = GOOD.replace("iot.example", "other") + '- {serial: "867584030000041", slot: 5}\n'


def test_a_dry_run_shows_and_changes_nothing(shell: Shell, dsn: str) -> None:
    before = everything(dsn)
    code, out, _ = shell("--dry-run", content=NEW.encode())
    assert code == 0
    assert out.splitlines() == [
        "+ 867584030000041  slot 5",
        f"~ {TWO}  apn: iot.example -> other",
        "1 would be added, 1 would be changed, 1 are the same",
    ]
    assert everything(dsn) == before


def test_an_import_does_it_once_and_says_who_did(shell: Shell, registry: Registry) -> None:
    code, out, _ = shell("--json", content=NEW.encode())
    said = json.loads(out)
    assert (code, said["changed"], said["add"]) == (
        0,
        True,
        [{"serial": "867584030000041", "slot": 5}],
    )
    after = placed(registry)
    assert after == {
        ONE: (1, 3128, None), TWO: (2, 3129, "other"), "867584030000041": (5, 3132, None),
    }  # fmt: skip
    (event,) = registry.events(None, 10)
    assert event["kind"] == "config-imported"
    assert event["detail"]["by"].startswith("cli:")
    assert event["detail"]["changed"] == [
        {"serial": TWO, "field": "apn", "before": "iot.example", "after": "other"}
    ]
    code, out, _ = shell("--json", content=NEW.encode())
    assert (code, json.loads(out)["changed"]) == (0, False)
    assert placed(registry) == after
    assert len(registry.events(None, 10)) == 1


def test_slots_are_exchanged(shell: Shell, registry: Registry) -> None:
    registry.upsert(Observation(ONE, present=False))
    raw = GOOD.replace("slot: 1, port: 3128", "slot: X").replace("slot: 2, port: 3129", "slot: 1")
    code, out, err = shell(content=raw.replace("X", "2").encode())
    assert (code, err) == (0, "")
    assert f"~ {ONE}  slot: 1 -> 2" in out
    assert placed(registry) == {ONE: (2, 3129, None), TWO: (1, 3128, "iot.example")}


def test_a_reserved_modem_gets_its_slot_when_it_comes(shell: Shell, registry: Registry) -> None:
    assert shell(content=NEW.encode())[0] == 0
    (row,) = [r for r in registry.modems() if r["slot"] == 5]
    assert (row["present"], row["status"], row["reason"]) == (
        False, "offline", "imported, never seen here",
    )  # fmt: skip
    assert registry.upsert(Observation("867584030000041", present=True, usb_path="1-9")).slot == 5


def test_agents_hear_of_each_row(shell: Shell, dsn: str) -> None:
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("LISTEN modem_change")
    assert shell(content=NEW.encode())[0] == 0
    heard: set[str] = set()
    while len(heard) < 2 and select.select([connection], [], [], 10)[0]:
        connection.poll()
        heard |= {note.payload for note in connection.notifies}
    assert heard == {TWO, "867584030000041"}
    connection.close()


def test_two_imports_at_once_come_one_after_the_other(registry: Registry, dsn: str) -> None:
    """Each wants the same slot for another modem: the second one is told."""
    from modemfarm.errors import InvalidValueError
    from modemfarm.settings import FarmSettings
    from modemfarmd.portable.document import parse
    from modemfarmd.portable.registry import run_import
    from modemfarmd.portable.text import read

    settings = FarmSettings.from_dict(
        {
            "version": 1, "host": "lab", "engine": "threeproxy", "lan_address": "192.168.1.100",
            "lan_interface": "lan0", "clients": ["192.168.1.0/24"], "slots": 8,
            "nameservers": ["203.0.113.53"], "apn": "internet", "probe_url": "http://ip.lab.test/",
        }
    )  # fmt: skip
    barrier, ended = threading.Barrier(4), []

    def run(number: int) -> None:
        database = Database(dsn)
        raw = f'version: 1\nhost: lab\nmodems: [{{serial: "86758403000090{number}", slot: 8}}]\n'
        barrier.wait()
        try:
            run_import(
                Registry(database, Host("lab", 8, 3127)), parse(read(raw.encode())), settings, "cli"
            )
            ended.append("done")
        except InvalidValueError as error:
            ended.append(error.field)
        finally:
            database.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["done", *["modems[0].slot"] * 3]
    assert sum(slot == 8 for slot, _, _ in placed(registry).values()) == 1


def test_a_failure_in_the_middle_undoes_all(
    shell: Shell, registry: Registry, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise psycopg2.OperationalError("the server is gone")

    monkeypatch.setattr(Registry, "add_events", refuse)
    before = everything(dsn)
    with pytest.raises(psycopg2.OperationalError):
        app(["import", _file(NEW, shell)], standalone_mode=False)
    assert everything(dsn) == before


def _file(text: str, shell: Shell) -> str:
    """Where the shell's own files are."""
    path = Path(os.environ["MODEMFARM_SETTINGS"]).with_name("half.yml")
    path.write_text(text)
    return str(path)


def test_without_the_database_an_export_comes_from_the_snapshot(
    shell: Shell, tmp_path: Path
) -> None:
    path = tmp_path / "farm.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"database": f"host={tmp_path}"}))
    records = (ModemRecord(ONE, 1), ModemRecord(TWO, 2, apn="iot.example"))
    write_snapshot(Snapshot("lab", records), tmp_path / "modems.json")
    code, text, err = shell("export")
    assert (code, "the database is gone" in err) == (0, True)
    assert f"serial: '{TWO}'" in text
    assert "apn: iot.example" in text
    code, out, err = shell(content=GOOD.encode())
    assert (code, out, "postgresql" in err) == (1, "", True)


def test_another_hosts_file_wants_to_be_meant(shell: Shell, registry: Registry) -> None:
    raw = changed("host: lab", "host: old").replace(b"iot.example", b"other")
    assert shell(content=raw)[0] == 2
    assert shell("--other-host", content=raw)[0] == 0
    assert placed(registry)[TWO] == (2, 3129, "other")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("import", "/no/such"), "FILE is '/no/such'; allowed: a file that can be read"),
        (("export", "--output", "/no/such/file"), "--output is '/no/such/file'"),
        (("import",), "Missing argument"),
    ],
)
def test_bad_usage(shell: Shell, words: tuple[str, ...], expected: str) -> None:
    code, out, err = shell(*words)
    assert (code, out) == (2, "")
    assert expected in " ".join(err.split())
