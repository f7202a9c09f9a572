# SPDX-License-Identifier: GPL-3.0-or-later
"""A look at a modem whose port somebody else holds says nothing about the modem."""

import fcntl
import json
import os
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from modemfarm.at.session import AtSession
from modemfarm.spool import SpoolFiles
from modemfarmd.agent.health import Patient, Report, look
from modemfarmd.agent.store import Radio

SERIAL = "867584030000017"
SOON_S = 4.0  # a look may wait for 2 s, and this machine is busy
NOWHERE = (IPv4Address("127.0.0.1"), "http://ip.lab.test/")
ANSWERS = {
    b"AT+CSQ": b"+CSQ: 20,0", b"AT+CEREG?": b"+CEREG: 0,1", b"AT+COPS?": b'+COPS: 0,0,"Lab",7',
    b"AT+CMEE?": b"+CMEE: 2",
}  # fmt: skip


@contextmanager
def port() -> Iterator[Path]:
    """A terminal behind which a modem answers."""
    near, far = os.openpty()
    tty.setraw(far)

    def serve() -> None:
        held = b""
        while True:
            try:
                held += os.read(near, 256)
            except OSError:
                return
            *commands, held = held.split(b"\r")
            for command in commands:
                answer = ANSWERS.get(command)
                text = b"\r\n" + answer + b"\r\n" if answer else b""
                os.write(near, text + b"\r\nOK\r\n")

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield Path(os.ttyname(far))
    finally:
        os.close(far)
        os.close(near)


@contextmanager
def another_program(path: Path, _locks: Path) -> Iterator[None]:
    """It holds the port and knows nothing of our queue."""
    holder = os.open(path, os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(holder)


@contextmanager
def one_of_ours(path: Path, locks: Path) -> Iterator[None]:
    """It holds the port by its place in the queue."""
    with AtSession(str(path), lock_dir=locks):
        yield


@pytest.mark.parametrize("holder", [another_program, one_of_ours])
def test_a_port_in_use_is_no_news(
    tmp_path: Path, holder: Callable[[Path, Path], AbstractContextManager[None]]
) -> None:
    files, locks = SpoolFiles(tmp_path, None), tmp_path / "lock"
    locks.mkdir()
    with port() as path:
        patient = Patient(SERIAL, path.name, None)
        with holder(path, locks):
            started = time.monotonic()
            report = look(patient, *NOWHERE, path.parent, locks, files)
            assert time.monotonic() - started < SOON_S
        assert report == Report(SERIAL, None, None, None)
        assert list(tmp_path.iterdir()) == [locks]
        report = look(patient, *NOWHERE, path.parent, locks, files)
    files.close()
    assert report.radio == Radio(SERIAL, -73, "Lab", "home")
    said = [json.loads(line) for line in next(tmp_path.glob("*.log")).read_text().splitlines()]
    assert [line["command"] for line in said][-3:] == ["AT+CSQ", "AT+CEREG?", "AT+COPS?"]
    assert {(line["serial"], line["actor"], line["outcome"]) for line in said} == {
        (SERIAL, "agent", "ok")
    }
    assert len({line["correlation"] for line in said}) == 1
