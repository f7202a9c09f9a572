# SPDX-License-Identifier: GPL-3.0-or-later
"""The spool's files: what is in them, whose they are, and what happens when there is no room."""

import fcntl
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from modemfarm import spool as module
from modemfarm.errors import InvalidValueError
from modemfarm.record import Record
from modemfarm.spool import Spool, SpoolFiles
from modemfarm.spool_room import make_room

SERIAL = "867584030000017"


def record(command: str = "AT+CSQ", answer: str = "+CSQ: 20,99") -> Record:
    return Record("at", command, answer, "ok", 3.1234, 1_700_000_000.25)


def lines(folder: Path) -> list[dict[str, Any]]:
    texts = [path.read_text() for path in sorted(folder.iterdir())]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def test_a_record_becomes_a_line(tmp_path: Path) -> None:
    with Spool(SERIAL, "cli:alice", "run-1", tmp_path) as spool:
        spool(record())
    assert lines(tmp_path) == [
        {"serial": SERIAL, "actor": "cli:alice", "correlation": "run-1", "channel": "at",
         "command": "AT+CSQ", "answer": "+CSQ: 20,99", "outcome": "ok", "ms": 3.123,
         "at": 1_700_000_000.25},
    ]  # fmt: skip
    assert (spool.problem, spool.lost) == (None, 0)


def test_no_secret_reaches_the_disk(tmp_path: Path) -> None:
    with Spool(SERIAL, "agent", folder=tmp_path) as spool:
        spool(record('AT+CPIN="4711"', "OK"))
    text = next(tmp_path.iterdir()).read_text()
    assert "4711" not in text
    assert "+CPIN=****" in text


def test_nobody_else_reads_a_file_and_its_writer_locks_it(tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        spool = Spool(SERIAL, "agent", folder=tmp_path)
        spool(record())
    finally:
        os.umask(old)
    path = next(tmp_path.iterdir())
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    with path.open() as stream:
        with pytest.raises(BlockingIOError):
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        spool.close()
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_root_gives_its_file_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12346)
    with Spool(SERIAL, "ansible:root", folder=tmp_path) as spool:
        spool(record())
    status = next(tmp_path.iterdir()).stat()
    assert (status.st_uid, status.st_gid) == (12345, 12346)


def test_without_a_folder_commands_go_on_and_it_is_said(tmp_path: Path) -> None:
    spool = Spool(SERIAL, "cli:alice", folder=tmp_path / "none")
    spool(record())
    spool(record())
    assert spool.problem == (
        f"commands are not logged: {tmp_path / 'none'}: No such file or directory"
    )
    assert spool.lost == 2


def test_a_link_in_place_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (tmp_path / "spool").symlink_to(target)
    spool = Spool(SERIAL, "ansible:root", folder=tmp_path / "spool")
    spool(record())
    assert spool.lost == 1
    assert list(target.iterdir()) == []


def test_it_goes_on_when_the_folder_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.0)
    spool = Spool(SERIAL, "agent", folder=tmp_path / "spool")
    spool(record())
    (tmp_path / "spool").mkdir()
    spool(record())
    assert (spool.problem, spool.lost) == (None, 1)
    assert len(lines(tmp_path / "spool")) == 1


def test_a_full_disk_costs_lines_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(SERIAL, "agent", folder=tmp_path)
    real = os.write
    monkeypatch.setattr("os.write", lambda handle, data: real(handle, data[:10]))
    spool(record())
    monkeypatch.undo()
    assert spool.lost == 1
    assert spool.problem is not None
    assert "No space" in spool.problem


def test_a_file_that_the_agent_took_first_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, taken = fcntl.flock, []

    def flock(handle: int, how: int) -> None:
        if not taken:
            taken.append(handle)
            for path in tmp_path.iterdir():
                path.unlink()
        real(handle, how)

    monkeypatch.setattr("fcntl.flock", flock)
    with Spool(SERIAL, "agent", folder=tmp_path) as spool:
        spool(record())
    assert (spool.lost, len(lines(tmp_path))) == (0, 1)


def test_files_end_by_size_by_age_and_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = SpoolFiles(tmp_path, None)
    monkeypatch.setattr(module, "FILE_BYTES", 100)
    for number in range(4):
        files.append(b"x" * 44 + b"%d\n" % number)
    assert len(list(tmp_path.iterdir())) == 2
    files.turn()
    files.append(b"y\n")
    assert len(list(tmp_path.iterdir())) == 3
    aged = SpoolFiles(tmp_path, 0.0)
    aged.append(b"a\n")
    aged.append(b"b\n")
    assert len(list(tmp_path.iterdir())) == 5
    for used in (files, aged):
        used.close()


def test_long_answers_are_cut(tmp_path: Path) -> None:
    with Spool(SERIAL, "agent", folder=tmp_path) as spool:
        spool(record("AT" + "x" * 10_000, "\ud800" * 100_000))
    (line,) = lines(tmp_path)
    assert (len(line["command"]), len(line["answer"])) == (
        module.COMMAND_LONGEST, module.ANSWER_LONGEST,
    )  # fmt: skip


def test_records_wait_until_the_modem_is_known(tmp_path: Path) -> None:
    spool = Spool(None, "agent", folder=tmp_path)
    spool(record("AT"))
    spool(record("AT+CGSN"))
    assert (spool.held, list(tmp_path.iterdir())) == (2, [])
    spool.identified(SERIAL)
    spool(record("AT+CSQ"))
    spool.close()
    assert [line["command"] for line in lines(tmp_path)] == ["AT", "AT+CGSN", "AT+CSQ"]
    assert spool.held == 0


@pytest.mark.parametrize(
    ("serial", "actor", "correlation"),
    [("12", "agent", "a"), (SERIAL, "no body", "a"), (SERIAL, "agent", "a b")],
)
def test_bad_fields_are_refused(serial: str, actor: str, correlation: str) -> None:
    with pytest.raises(InvalidValueError):
        Spool(serial, actor, correlation)


def test_the_oldest_make_room(tmp_path: Path) -> None:
    for number in range(20):
        path = tmp_path / f"{number:02d}"
        path.write_bytes(b"x" * 100)
        os.utime(path, (number, number))
    assert make_room(tmp_path, 2000, 20) is None
    dropped = make_room(tmp_path, 1500, 20)
    assert dropped is not None
    assert (dropped.files, dropped.size) == (7, 700)
    assert json.loads(dropped.line()) == {"dropped": [7, 700]}
    assert sorted(path.name for path in tmp_path.iterdir())[0] == "07"
    assert make_room(tmp_path, 10_000, 10) is not None
    assert len(list(tmp_path.iterdir())) == 9


def test_a_writer_makes_room_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.randbelow", lambda bound: 0)
    monkeypatch.setattr(module, "make_room", lambda folder: make_room(folder, 10, 100))
    (tmp_path / "old").write_bytes(b"x" * 50)
    with Spool(SERIAL, "agent", folder=tmp_path) as spool:
        spool(record())
    assert [line.get("dropped") for line in lines(tmp_path)] == [[1, 50], None]
