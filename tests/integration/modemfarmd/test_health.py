# SPDX-License-Identifier: GPL-3.0-or-later
"""A look at a modem whose port somebody else holds says nothing about the modem."""

import fcntl
import json
import os
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from pathlib import Path

from modemfarm.spool import SpoolFiles
from modemfarmd.agent.health import Patient, Report, look
from modemfarmd.agent.store import Radio

SERIAL = "867584030000017"
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


def test_a_port_in_use_is_no_news(tmp_path: Path) -> None:
    files = SpoolFiles(tmp_path, None)
    with port() as path:
        patient = Patient(SERIAL, path.name, None)
        holder = os.open(path, os.O_RDWR | os.O_NOCTTY)
        fcntl.flock(holder, fcntl.LOCK_EX)
        try:
            report = look(patient, *NOWHERE, path.parent, tmp_path / "lock", files)
        finally:
            os.close(holder)
        assert report == Report(SERIAL, None, None, None)
        assert list(tmp_path.iterdir()) == []
        report = look(patient, *NOWHERE, path.parent, tmp_path / "lock", files)
    files.close()
    assert report.radio == Radio(SERIAL, -73, "Lab", "home")
    said = [json.loads(line) for line in next(tmp_path.glob("*.log")).read_text().splitlines()]
    assert [line["command"] for line in said][-3:] == ["AT+CSQ", "AT+CEREG?", "AT+COPS?"]
    assert {(line["serial"], line["actor"], line["outcome"]) for line in said} == {
        (SERIAL, "agent", "ok")
    }
    assert len({line["correlation"] for line in said}) == 1
