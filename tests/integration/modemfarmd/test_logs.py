# SPDX-License-Identifier: GPL-3.0-or-later
"""From a record to a row: spool, intake and a real PostgreSQL, with all that goes wrong between."""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from modemfarm import spool as spool_module
from modemfarm.record import Record
from modemfarm.spool import Spool, SpoolFiles
from modemfarm.spool_room import make_room
from modemfarmd.agent import intake as intake_module
from modemfarmd.agent.intake import LOOK_S, Intake
from modemfarmd.registry import migrate
from modemfarmd.registry.db import Database, connect, query
from modemfarmd.registry.logs import LogBook
from modemfarmd.registry.model import LogLine

SERIAL = "867584030000017"
OTHER = "867584030000025"
WRITER = """
import sys, time
from pathlib import Path
from modemfarm.record import Record
from modemfarm.spool import Spool
name, count, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
spool = Spool("867584030000017", f"cli:{name}", name, folder)
for number in range(count):
    spool(Record("at", f"AT+{name}{number}", "OK", "ok", 1.0, time.time()))
print("written", flush=True)
sys.stdin.read()
"""


def record(command: str = "AT+CSQ", answer: str = "OK", channel: str = "at") -> Record:
    return Record(channel, command, answer, "ok", 1.0, time.time())


def start_writer(name: str, count: int, folder: Path) -> subprocess.Popen[bytes]:
    """A process that has written `count` records and still holds its file."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, name, str(count), str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(Path(spool_module.__file__).parents[1])},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == b"written\n"
    return process


def end(process: subprocess.Popen[bytes], kill: bool) -> None:
    if kill:
        process.send_signal(signal.SIGKILL)
    process.communicate(b"", timeout=10)


class Log:
    """A spool folder, an intake that is turned by hand, and the rows."""

    def __init__(self, folder: Path, dsn: str) -> None:
        self.folder = folder
        self.dsn = dsn
        self.told: list[tuple[str, dict[str, object]]] = []
        self.own = SpoolFiles(folder, None)
        self.database = Database(dsn)
        self.book = LogBook(self.database, "lab")
        self.intake = self.make_intake()

    def make_intake(self) -> Intake:
        return Intake(
            self.folder, self.own, self.book, lambda *told: self.told.append(told),
            threading.Event(),
        )  # fmt: skip

    def rows(self, **wanted: Any) -> list[dict[str, Any]]:
        return self.book.newest(100_000, **wanted)[::-1]

    def commands(self, **wanted: Any) -> list[str]:
        return [row["command"] for row in self.rows(**wanted)]

    def left(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def log(tmp_path: Path, dsn: str) -> Iterator[Log]:
    (tmp_path / "spool").mkdir()
    log = Log(tmp_path / "spool", dsn)
    yield log
    log.own.close()
    log.database.close()


# The table.


def test_rows_of_the_first_schema_are_kept(empty_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = migrate.available()
    monkeypatch.setattr(migrate, "available", lambda: everything[:1])
    assert migrate.run(empty_dsn) == ["0001_modems.sql"]
    connection = connect(empty_dsn)
    with connection.cursor() as cursor:
        for level, direction in (("info", "at"), ("warning", "at"), ("error", "qmi")):
            cursor.execute(
                "INSERT INTO modem_logs (serial, level, direction, command, response) "
                "VALUES (%s, %s, %s, 'ATI', 'EC25')",
                (SERIAL, level, direction),
            )
    connection.close()
    monkeypatch.undo()
    assert migrate.run(empty_dsn) == [migration.name for migration in everything[1:]]
    database = Database(empty_dsn)
    rows = LogBook(database, "lab").newest(10, SERIAL)[::-1]
    database.close()
    assert [(r["channel"], r["outcome"], r["actor"], r["answer"]) for r in rows] == [
        ("at", "ok", "agent", "EC25"), ("at", "error", "agent", "EC25"),
        ("qmi", "error", "agent", "EC25"),
    ]  # fmt: skip
    assert {(r["milliseconds"], r["correlation"]) for r in rows} == {(None, None)}


def line(command: str, **changes: Any) -> LogLine:
    fields: dict[str, Any] = {
        "serial": SERIAL, "channel": "at", "command": command, "answer": "x", "outcome": "ok",
        "milliseconds": 1.0, "actor": "agent", "correlation": "run-1",
    }  # fmt: skip
    return LogLine(**(fields | changes))


def test_rows_are_found_by_each_of_their_names(log: Log) -> None:
    log.book.add(
        [
            line("ATI", answer="x'); DROP TABLE modems;--\x00\ud800"),
            line("AT+A", serial=OTHER),
            line("b", channel="qmi", correlation="run-2"),
        ]
    )
    assert log.commands(serial=SERIAL) == ["ATI", "b"]
    assert log.commands(correlation="run-1") == ["ATI", "AT+A"]
    assert log.commands(serial=SERIAL, channel="qmi") == ["b"]
    assert log.rows()[0]["answer"] == "x'); DROP TABLE modems;--\\x00\\ud800"
    assert log.commands(after=log.rows()[0]["id"]) == ["AT+A", "b"]


@pytest.mark.parametrize(
    ("name", "index"),
    [("serial", "serial_at_idx"), ("correlation", "correlation_idx")],
)
def test_the_newest_are_found_without_reading_the_rest(log: Log, name: str, index: str) -> None:
    log.book.add(
        [
            line(f"AT+{n}", correlation=f"run-{n}", serial=OTHER if n % 500 else SERIAL)
            for n in range(5_000)
        ]
    )
    with log.database._cursor() as cursor:
        cursor.execute("ANALYZE modem_logs")
        wanted = dict.fromkeys(("serial", "correlation", "channel", "after"))
        wanted[name] = SERIAL if name == "serial" else "run-77"
        cursor.execute("EXPLAIN " + query("list_logs"), wanted | {"limit": 9})
        plan = "\n".join(row["QUERY PLAN"] for row in cursor.fetchall())
    assert f"using modem_logs_p{datetime.now(UTC):%Y%m%d}_{index}" in plan


def test_a_row_that_is_refused_is_dropped_alone(log: Log) -> None:
    files = {"f": [line("a"), line("b", serial="12"), line("c", milliseconds=-1.0), line("d")]}
    assert log.book.take_in(files, ["f"]) == 2
    assert log.commands() == ["a", "d"]


# From the spool to the table.


def test_records_become_rows_and_files_go(log: Log) -> None:
    with Spool(SERIAL, "cli:alice", "run-1", log.folder) as spool:
        spool(record("AT+CSQ", "+CSQ: 20,99"))
    assert log.intake.turn() == LOOK_S
    (row,) = log.rows()
    assert {k: row[k] for k in ("serial", "actor", "correlation", "answer", "milliseconds")} == {
        "serial": SERIAL, "actor": "cli:alice", "correlation": "run-1", "answer": "+CSQ: 20,99",
        "milliseconds": 1.0,
    }  # fmt: skip
    assert log.left() == []


def test_a_file_in_use_waits_and_that_of_a_killed_writer_does_not(log: Log) -> None:
    writer = start_writer("a", 5, log.folder)
    try:
        log.intake.turn()
        assert (log.rows(), len(log.left())) == ([], 1)
    finally:
        end(writer, kill=True)
    (path,) = log.folder.iterdir()
    with path.open("ab") as stream:
        stream.write(b'{"serial": "86758')  # killed in the middle of a write
    log.intake.turn()
    assert log.commands() == [f"AT+a{number}" for number in range(5)]
    assert log.left() == []


def test_two_writers_at_once_lose_nothing(log: Log) -> None:
    writers = [start_writer(name, 500, log.folder) for name in ("a", "b")]
    for writer in writers:
        end(writer, kill=False)
    log.intake.turn()
    for name in ("a", "b"):
        assert log.commands(correlation=name) == [f"AT+{name}{n}" for n in range(500)]


def test_the_agents_own_records_come_at_each_look(log: Log) -> None:
    looks = [Spool(serial, "agent", files=log.own) for serial in (SERIAL, OTHER)]
    for spool in looks:
        spool(record())
    log.intake.turn()
    assert {row["serial"] for row in log.rows()} == {SERIAL, OTHER}
    assert log.left() == []


def test_the_database_away_and_back(log: Log, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_module, "FILE_BYTES", 5_000)
    log.intake.turn()
    log.database.close()
    server.stop()
    try:
        for number in range(300):
            Spool(SERIAL, "agent", "away", files=log.own)(record(f"AT+{number}"))
            if number % 10 == 0:
                log.intake.turn()
        files = len(log.left())
        assert 2 <= files <= 20  # by size only: what waits for days is in few files
    finally:
        server.start()
    assert log.intake.turn() == LOOK_S
    assert log.intake.turn() == LOOK_S
    assert log.commands(correlation="away") == [f"AT+{number}" for number in range(300)]
    assert log.left() == []


def test_an_agent_that_dies_before_it_removes_a_file_writes_no_row_twice(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Spool(SERIAL, "agent", folder=log.folder) as spool:
        spool(record())

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.unlink", die)
    with pytest.raises(KeyboardInterrupt):
        log.intake.turn()
    monkeypatch.undo()
    assert (len(log.rows()), len(log.left())) == (1, 1)
    log.make_intake().turn()
    assert (len(log.rows()), log.left()) == (1, [])
    with Spool(SERIAL, "agent", folder=log.folder) as spool:
        spool(record())
    log.intake.turn()
    assert len(log.rows()) == 2
    with log.database._cursor() as cursor:
        cursor.execute("SELECT name FROM modem_log_files")
        assert len(cursor.fetchall()) == 1  # the last one's; those that are gone are forgotten


def forge(folder: Path) -> dict[str, str]:
    """Bad files: name -> a word of the warning that each must give."""
    good = {
        "serial": SERIAL, "actor": "agent", "correlation": "x", "channel": "at", "command": "AT",
        "answer": "", "outcome": "ok", "ms": 1, "at": time.time(),
    }  # fmt: skip
    texts = {
        "serial.log": json.dumps(good | {"serial": "12; DROP TABLE modem_logs"}) + "\n",
        "megabyte.log": "x" * 1_000_000 + "\n",
        "longline.log": "x" * 200_000 + "\n",
        "nojson.log": "hello\n",
        "torn.log": json.dumps(good),
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "link.log").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe.log")
    (folder / "twice.log").write_text(json.dumps(good) + "\n")
    os.link(folder / "twice.log", folder.parent / "elsewhere")
    (folder / "folder.log").mkdir()
    os.close(os.open(os.fsencode(folder) + b"/\xff\x1b[31m", os.O_CREAT | os.O_WRONLY))
    return {
        "serial.log": "serial", "megabyte.log": "bytes long", "longline.log": "length",
        "nojson.log": "JSON", "torn.log": "torn", "link.log": "a link", "pipe.log": "plain file",
        "twice.log": "plain file", "folder.log": "plain file", "[31m": "a name",
    }  # fmt: skip


def test_forged_files_are_said_once_and_hold_nothing_up(
    log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    expected = forge(log.folder)
    with Spool(SERIAL, "cli:alice", "good", log.folder) as spool:
        spool(record())
    for _ in range(3):
        assert log.intake.turn() == LOOK_S
    assert [row["correlation"] for row in log.rows()] == ["good"]
    assert log.left() == ["folder.log"]
    warnings = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    for name, word in expected.items():
        found = [text for text in warnings if name in text]
        assert len(found) == 1, (name, warnings)
        assert word in found[0]
    assert Path("/etc/passwd").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second user")
def test_a_person_cannot_speak_in_the_name_of_another(log: Log) -> None:
    with Spool(SERIAL, "ansible:root", "lie", log.folder) as spool:
        spool(record())
    os.chown(next(log.folder.iterdir()), 54321, -1)
    log.intake.turn()
    assert [row["actor"] for row in log.rows()] == ["ansible:uid-54321"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second user")
def test_a_member_of_dialout_may_add_and_neither_list_nor_remove(short_path: Path) -> None:
    agent, person, dialout = 54321, 54322, 54323
    folder = short_path / "spool"
    folder.mkdir()
    short_path.chmod(0o711)
    os.chown(folder, agent, dialout)
    folder.chmod(0o3730)  # as roles/farm makes it
    child = os.fork()
    if child == 0:
        os.setgroups([dialout])
        os.setresgid(person, person, person)
        os.setresuid(person, person, person)
        with Spool(SERIAL, "cli:alice", folder=folder) as spool:
            spool(record())
        listable = os.access(folder, os.R_OK)
        os._exit(spool.lost + 10 * listable)
    assert os.waitpid(child, 0)[1] == 0
    (path,) = folder.iterdir()
    status = path.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (person, dialout, 0o640)


def test_what_had_to_go_is_counted_and_told(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.randbelow", lambda bound: 0)
    monkeypatch.setattr(spool_module, "make_room", lambda folder: make_room(folder, 2_000, 100))
    for number in range(40):
        with Spool(SERIAL, "cli:alice", f"run-{number}", log.folder) as spool:
            spool(record())
    assert sum(path.stat().st_size for path in log.folder.iterdir()) < 3_000
    monkeypatch.setattr(intake_module, "make_room", lambda folder: make_room(folder, 1_000, 100))
    log.intake.turn()
    kept = [row["correlation"] for row in log.rows()]
    assert {kind for kind, _ in log.told} == {"logs-dropped"}
    assert sum(int(str(detail["files"])) for _, detail in log.told) == 40 - len(kept)
    assert kept == [f"run-{number}" for number in range(40 - len(kept), 40)]
    assert 1 <= len(kept) < 10


def test_without_a_folder_it_is_said_and_tried_again(
    log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    log.folder.rmdir()
    assert log.intake.turn() >= 0.8
    log.intake.turn()
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING] == [
        f"the spool {log.folder} waits: No such file or directory"
    ]
    log.folder.mkdir()
    assert log.intake.turn() == LOOK_S


CANARIES = ("471147", "90218877", "MEETMEATNINE", "0791947106004013040B919471325476F8000042")


def plant(log: Log) -> None:
    """PINs and message bodies in every way that a record can hold them."""
    pin, puk, body, pdu = CANARIES
    said = [
        record(f'AT+CPIN="{pin}"', "OK"),
        record(f'AT+CPIN="{puk}","{pin}"', f'AT+CPIN="{puk}","{pin}" failed: +CME ERROR: 16'),
        record(f'AT+CLCK="SC",1,"{pin}"'), record(f'AT+CPWD="SC","{pin}","{puk}"'),
        record(f"'AT+CSQ;+CPIN={pin}'", f"refused: 'AT+CSQ;+CPIN={pin}'"),
        record("AT+CMGL=4", f"+CMGL: 1,1,,25\n{pdu}\n+CMGL: 2,1,,25\n{pdu}"),
        record('AT+CMGL="ALL"', f'+CMGL: 1,"REC READ","+49170"\n{body}\n{body}'),
        record("AT+CSQ", f'+CMT: "+49170",,"24/08/14"\n{body}'),
        record(f"--uim-verify-pin=PIN1,{pin}", "", "qmi"),
        record(f"--uim-unblock-pin=PIN1,{puk},{pin}", "", "qmi"),
        record(f"send to +49170 text={body}", f"text: {body}", "sms"),
    ]  # fmt: skip
    with Spool(SERIAL, "cli:alice", "canary", log.folder) as spool:
        for one in said:
            spool(one)


def test_no_canary_is_in_the_spool_the_database_or_the_journal(
    log: Log, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    plant(log)
    spooled = b"".join(path.read_bytes() for path in log.folder.iterdir())
    log.intake.turn()
    monkeypatch.setattr(spool_module, "without_secrets", lambda said: said)
    plant(log)  # a writer that masks nothing: the intake is the second wall
    unmasked = b"".join(path.read_bytes() for path in log.folder.iterdir())
    (log.folder / "bad.log").write_text(f'{{"serial": "{CANARIES[0]}"}}\n{CANARIES[2]}\n')
    log.intake.turn()
    connection = psycopg2.connect(log.dsn)
    with connection.cursor() as cursor:
        cursor.execute("SELECT modem_logs::text FROM modem_logs")
        stored = "\n".join(text for (text,) in cursor.fetchall())
    connection.close()
    assert stored.count("canary") == 22
    for canary in CANARIES:
        assert canary.encode() in unmasked  # else this test shows nothing
        assert canary.encode() not in spooled
        assert canary not in stored
        assert canary not in caplog.text


def test_the_thread_ends_when_told(log: Log, until: Callable[..., None]) -> None:
    stop = threading.Event()
    thread = Intake(log.folder, log.own, log.book, lambda *_: None, stop)
    thread.start()
    with Spool(SERIAL, "agent", folder=log.folder) as spool:
        spool(record())
    until(lambda: not log.left())
    stop.set()
    thread.join(5)
    assert not thread.is_alive()


@pytest.fixture
def until() -> Callable[..., None]:
    def wait(reached: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not reached():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    return wait
