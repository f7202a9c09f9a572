# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.session against a scripted modem on a pty."""

import fcntl
import os
import select
import threading
import time
import tty

import pytest

from modemfarm.at.session import AtSession
from modemfarm.errors import (
    CommandRefusedError,
    CommandTimeoutError,
    PortBusyError,
    PortGoneError,
)

TIOCGEXCL = 0x80045440  # asm-generic/ioctls.h; Python has no name for it

ANSWERS = {
    "AT": "OK",
    "AT+CMEE=1": "OK",
    "AT+CSQ": "+CSQ: 20,99|OK",
}


class Script:
    """A modem on a pty: a table of answers, `|` between lines."""

    def __init__(self):
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.device = os.ttyname(slave)
        self._slave = slave
        self.answers = dict(ANSWERS)
        self.seen = []
        self.prefix = b""
        self._wake, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        pending = b""
        while self.master in select.select([self.master, self._wake], [], [])[0]:
            *whole, pending = (pending + os.read(self.master, 1024)).split(b"\r")
            for raw in whole:
                self._answer(raw.decode())
        for handle in (self._slave, self.master, self._wake):
            os.close(handle)

    def _answer(self, command):
        self.seen.append(command)
        answer = self.answers.get(command, "ERROR")
        if answer is not None:
            os.write(self.master, self.prefix)
            for line in answer.split("|"):
                os.write(self.master, f"\r\n{line}\r\n".encode())

    def unplug(self):
        if self._stop is not None:
            os.close(self._stop)
            self._stop = None
        self._thread.join(5)


@pytest.fixture
def modem():
    script = Script()
    yield script
    script.unplug()


@pytest.fixture
def session(modem, tmp_path):
    with AtSession(modem.device, lock_dir=tmp_path) as opened:
        yield opened


def test_garbage_before_and_a_urc_within(modem, tmp_path):
    seen = []
    with AtSession(modem.device, on_urc=seen.append, lock_dir=tmp_path) as session:
        modem.prefix = b"\xff\x01\x02\r\n+QIND: x\r\n"
        assert session.command("AT+CSQ").lines == ("+CSQ: 20,99",)
    assert seen == ["+QIND: x"]


def test_unsolicited_lines_between_commands(modem, tmp_path):
    seen = []
    with AtSession(modem.device, on_urc=seen.append, lock_dir=tmp_path) as session:
        os.write(modem.master, b'\r\n+CMTI: "ME",1\r\n')
        session.pump()
    assert seen == ['+CMTI: "ME",1']


def test_silence_ends_in_time(modem, session):
    modem.answers["AT+CSQ"] = None
    started = time.monotonic()
    with pytest.raises(CommandTimeoutError, match=r"AT\+CSQ within 0.3 s"):
        session.command("AT+CSQ", timeout=0.3)
    assert time.monotonic() - started < 1.5


def test_sync_gives_a_sleepy_modem_three_tries(modem, session, monkeypatch):
    monkeypatch.setattr("modemfarm.at.session.SYNC_TIMEOUT_S", 0.2)
    modem.answers["AT"] = None
    with pytest.raises(CommandTimeoutError):
        session.sync()
    assert modem.seen == ["AT"] * 3


def test_unplug_is_seen_at_once(modem, session):
    modem.answers["AT+CSQ"] = None
    threading.Timer(0.2, modem.unplug).start()
    started = time.monotonic()
    with pytest.raises(PortGoneError, match="vanished"):
        session.command("AT+CSQ", timeout=10)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    "text",
    ["AT+CPIN=1234", "at+cpin = 1234", "AT+CSQ;+CPIN=1", "ATI\rATZ", "ATI\n", "AT\x1a", "+++",
     "", "ATÄ", "AT" + "x" * 600],
)  # fmt: skip
def test_what_is_never_sent(modem, session, text):
    with pytest.raises(CommandRefusedError):
        session.command(text)
    assert modem.seen == []


def test_only_one_session_per_port(modem, session, tmp_path):
    with pytest.raises(PortBusyError, match=f"process {os.getpid()} holds"):
        AtSession(modem.device, lock_dir=tmp_path).open()
    with pytest.raises(PortBusyError, match="for ourselves"):
        AtSession(modem.device, lock_dir=tmp_path / "none").open()


def test_port_is_exclusive_for_others_and_freed(modem, tmp_path):
    session = AtSession(modem.device, lock_dir=tmp_path)
    session.open()
    lock = next(tmp_path.glob("LCK..*"))
    assert lock.read_text() == f"{os.getpid():10d}\n"
    session.close()
    assert not lock.exists()
    handle = os.open(modem.device, os.O_RDWR | os.O_NOCTTY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert fcntl.ioctl(handle, TIOCGEXCL, b"\0" * 4) == b"\0" * 4
    finally:
        os.close(handle)


@pytest.mark.parametrize("content", [b"  99999999\n", b"rubbish", b"", b"\xff" * 4000])
def test_a_dead_lock_file_is_taken_over(modem, tmp_path, content):
    lock = tmp_path / f"LCK..{os.path.basename(modem.device)}"  # noqa: PTH119
    lock.write_bytes(content)
    with AtSession(modem.device, lock_dir=tmp_path) as session:
        assert session.command("AT").lines == ()


def test_no_such_port(tmp_path):
    with pytest.raises(PortGoneError, match="is not there"):
        AtSession(str(tmp_path / "ttyUSB9"), lock_dir=tmp_path).open()
    assert list(tmp_path.iterdir()) == []


def test_closed_session():
    with pytest.raises(PortGoneError, match="not open"):
        AtSession("/dev/null").command("AT")
