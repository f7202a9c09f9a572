# SPDX-License-Identifier: GPL-3.0-or-later
"""One look at a modem: by AT over a terminal, and through a port of this machine."""

import contextlib
import fcntl
import json
import os
import socket
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from modemfarm.at.session import AtSession
from modemfarm.spool import SpoolFiles
from modemfarmd.agent.interface import address_of, received_packets
from modemfarmd.agent.look import Looker, Patient
from modemfarmd.agent.store import Radio
from modemfarmd.repair.evidence import Control, Owner
from modemfarmd.repair.verdict import Verdict, judge

SERIAL = "867584030000017"
SOON_S = 4.0  # a look may wait for 2 s, and this machine is busy
HERE = IPv4Address("127.0.0.1")
FIRST, SECOND = "http://ip.lab.test/", "http://ip.other.test/"
ANSWERS = {
    b"AT+CSQ": b"+CSQ: 20,0", b"AT+CEREG?": b"+CEREG: 0,1", b"AT+COPS?": b'+COPS: 0,0,"Lab",7',
    b"AT+CMEE?": b"+CMEE: 2", b"AT+QCSQ": b'+QCSQ: "LTE",-62,-87,111,-12',
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
        look = Looker(HERE, FIRST, None, path.parent, locks, files)
        with holder(path, locks):
            started = time.monotonic()
            report = look(patient)
            assert time.monotonic() - started < SOON_S
        assert (report.evidence.control, report.radio) == (Control.BUSY, None)
        assert list(tmp_path.iterdir()) == [locks]
        report = look(patient)
    files.close()
    assert report.evidence.control is Control.ANSWERED
    assert report.evidence.registration == "home"
    assert report.radio == Radio(SERIAL, -73, "Lab", "home", -87, -12, 2.2)
    said = [json.loads(line) for line in next(tmp_path.glob("*.log")).read_text().splitlines()]
    asked = [line["command"] for line in said][-4:]
    assert asked == ["AT+CSQ", "AT+QCSQ", "AT+CEREG?", "AT+COPS?"]
    assert {(line["serial"], line["actor"], line["outcome"]) for line in said} == {
        (SERIAL, "agent", "ok")
    }
    assert len({line["correlation"] for line in said}) == 1


def test_a_port_that_answers_nothing_is_silent(tmp_path: Path) -> None:
    near, far = os.openpty()
    tty.setraw(far)
    path = Path(os.ttyname(far))
    look = Looker(HERE, FIRST, None, path.parent, tmp_path)
    assert look(Patient(SERIAL, path.name, None)).evidence.control is Control.SILENT
    os.close(far)
    os.close(near)


def test_a_port_that_is_gone_is_no_silence(tmp_path: Path) -> None:
    look = Looker(HERE, FIRST, None, tmp_path, tmp_path)
    assert look(Patient(SERIAL, "ttyUSB3", None)).evidence.control is Control.UNASKED


class Proxy:
    """Answers requests for the hosts it knows with an address, refuses the loopback as 3proxy."""

    def __init__(self, *known: str, hangs: bool = False) -> None:
        self.asked: list[str] = []
        self._known = known
        self._hangs = hangs
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        held: list[socket.socket] = []
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                for connection in held:
                    connection.close()
                return
            if self._hangs:
                held.append(connection)
                continue
            with connection:
                url = connection.recv(1000).split()[1].decode()
                self.asked.append(url)
                connection.sendall(self._answer(url))

    def _answer(self, url: str) -> bytes:
        if url.startswith("http://127."):
            return b"HTTP/1.0 403 Forbidden\r\n\r\n"
        if any(name in url for name in self._known):
            return b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n203.0.113.7"
        return b"HTTP/1.0 503 Service Unavailable\r\n\r\n"

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # ends accept; close alone would not
        self._socket.close()
        self._thread.join(5)


@contextmanager
def proxy(*known: str, hangs: bool = False) -> Iterator[tuple[Proxy, Patient]]:
    """A proxy and the patient that it belongs to; lo is the interface."""
    served = Proxy(*known, hangs=hangs)
    try:
        yield served, Patient(SERIAL, None, served.port, os.getuid(), "lo")
    finally:
        served.close()


def test_a_port_that_serves_needs_one_request() -> None:
    with proxy("ip.lab.test") as (served, patient):
        seen = Looker(HERE, FIRST, SECOND)(patient).evidence
    assert served.asked == [FIRST]
    assert (seen.works, seen.second, seen.pulse, seen.addresses) == (
        True, None, None, ("127.0.0.1",),
    )  # fmt: skip
    assert seen.owner is Owner.OURS
    assert judge(seen, 0, False) is Verdict.HEALTHY


def test_the_second_target_is_asked_when_the_first_fails() -> None:
    with proxy("ip.other.test") as (served, patient):
        seen = Looker(HERE, FIRST, SECOND)(patient).evidence
    assert [url for url in served.asked if "127" not in url] == [FIRST, SECOND]
    assert (seen.works, seen.pulse) == (True, True)
    assert seen.failure == "probe failed: the proxy answered '503'"


def test_a_dead_uplink_behind_a_living_proxy() -> None:
    with proxy() as (_, patient):
        seen = Looker(HERE, FIRST, SECOND)(patient).evidence
    assert (seen.works, seen.pulse) == (False, True)
    # On lo our own request comes in again: packets came in, so it may be the targets.
    assert judge(seen, 0, False) is Verdict.BROKEN_PROBE
    assert judge(seen, 0, True) is Verdict.DATA_DEAD


def test_a_proxy_that_hangs_has_no_pulse() -> None:
    with proxy(hangs=True) as (_, patient):
        seen = Looker(HERE, FIRST, SECOND)(patient).evidence
    assert (seen.pulse, seen.second) == (False, None)
    assert judge(seen, 0, False) is Verdict.PROXY_DEAD


def test_nobody_at_the_port() -> None:
    with proxy() as (served, patient):
        served.close()
        seen = Looker(HERE, FIRST, SECOND)(patient).evidence
    assert (seen.owner, seen.pulse) == (Owner.NOBODY, False)
    assert seen.failure == "probe failed: nothing listens on the proxy port"


def test_somebody_else_at_the_port() -> None:
    with proxy("ip.lab.test") as (_, patient):
        seen = Looker(HERE, FIRST, SECOND)(replace(patient, uid=61001)).evidence
    assert seen.owner is Owner.FOREIGN
    assert judge(seen, 0, True) is Verdict.PORT_TAKEN


def test_an_interface_and_one_that_is_gone() -> None:
    assert address_of("lo") == "127.0.0.1"
    assert (received_packets("lo") or 0) >= 0
    assert (address_of("none0"), received_packets("none0")) == (None, None)
