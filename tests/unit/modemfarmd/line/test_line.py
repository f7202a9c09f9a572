# SPDX-License-Identifier: GPL-3.0-or-later
"""A line of JSON each way: who may ask, what is no line, and what a caller hears of it."""

import os
import socket
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modemfarm.errors import InvalidValueError, NotPermittedError, TransientError
from modemfarmd.apply.peer import Peer
from modemfarmd.line import server as module
from modemfarmd.line.client import BadInputError, NoServerError, RefusedError, ask
from modemfarmd.line.server import MAX_LINE, LineServer, check_member, listen

WHO = "modemfarm-agent"


def answer(document: dict[str, Any], peer: Peer) -> dict[str, Any]:
    if "bad" in document:
        raise InvalidValueError("bad", document["bad"], "nothing bad")
    if "later" in document:
        raise TransientError("not now", "try later")
    return {"heard": document, "uid": peer.uid}


@pytest.fixture
def path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mf-") as folder:
        yield Path(folder) / "agent.sock"


@pytest.fixture
def server(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LineServer]:
    monkeypatch.setattr(module, "READ_S", 0.5)
    stop = threading.Event()
    server = LineServer(listen(path, "no-such-group"), answer, lambda _: None, stop)
    server.start()
    yield server
    stop.set()
    server.join(5)


def raw(path: Path, data: bytes, end: bool = True) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(10)
        connection.connect(str(path))
        try:
            connection.sendall(data)
            if end:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has hung up already
        try:
            return connection.recv(65536)
        except ConnectionResetError:
            return b""


def test_one_line_there_one_back(server: LineServer, path: Path) -> None:
    said = ask(path, {"verb": "status"}, 10, WHO)
    assert said == {"ok": True, "heard": {"verb": "status"}, "uid": os.geteuid()}


def test_the_socket_is_for_root_and_the_group(server: LineServer, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert not path.with_name("agent.sock.new").exists()


def test_bad_input_and_bad_times_are_told_apart(server: LineServer, path: Path) -> None:
    with pytest.raises(BadInputError) as bad:
        ask(path, {"bad": 1}, 10, WHO)
    assert (bad.value.message, bad.value.remedy) == ("bad is 1", "allowed: nothing bad")
    assert str(bad.value) == "bad is 1 (remedy: allowed: nothing bad)"
    with pytest.raises(RefusedError) as later:
        ask(path, {"later": 1}, 10, WHO)
    assert later.value.remedy == "try later"


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"x\n", b"one JSON object"), (b"[]\n", b"a JSON object"), (b"\n", b"one JSON object"),
        (b'{"verb": "status"}', b"line end"), (b"[" * 60_000 + b"\n", b"one JSON object"),
        (b"x" * (MAX_LINE + 2), b"at most"), (b"\xff\xfe\n", b"one JSON object"),
    ],
)  # fmt: skip
def test_what_is_no_line_is_refused_and_the_next_is_served(
    server: LineServer, path: Path, data: bytes, part: bytes
) -> None:
    said = raw(path, data)
    assert part in said or (len(data) > MAX_LINE and said == b"")
    assert ask(path, {}, 10, WHO)["ok"]


def test_who_says_nothing_is_let_go(server: LineServer, path: Path) -> None:
    assert raw(path, b"") == b""
    assert raw(path, b'{"half', end=False) == b""  # within READ_S
    assert ask(path, {}, 10, WHO)["ok"]


def test_more_than_the_seats_at_once_are_told_so(
    server: LineServer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server._seats = threading.BoundedSemaphore(1)
    server._seats.acquire()
    with pytest.raises(RefusedError, match="too many"):
        ask(path, {}, 10, WHO)
    server._seats.release()
    assert ask(path, {}, 10, WHO)["ok"]


def test_nobody_there_has_a_remedy(path: Path) -> None:
    with pytest.raises(NoServerError, match="does not run") as gone:
        ask(path, {}, 1, WHO)
    assert gone.value.remedy == "systemctl status modemfarm-agent"
    listen(path, "no-such-group").close()
    with pytest.raises(NoServerError, match="does not run"):
        ask(path, {}, 1, WHO)


def test_a_server_that_hangs_is_given_up(path: Path) -> None:
    with listen(path, "no-such-group"), pytest.raises(NoServerError, match="did not answer"):
        ask(path, {}, 0.2, WHO)


def test_an_old_socket_of_a_dead_server_is_taken_over(path: Path) -> None:
    listen(path, "no-such-group").close()
    stop = threading.Event()
    server = LineServer(listen(path, "no-such-group"), answer, lambda _: None, stop)
    server.start()
    assert ask(path, {}, 10, WHO)["ok"]
    stop.set()
    server.join(5)


def test_strangers_may_not() -> None:
    check_member(Peer(1, 0, 0), "no-such-group")
    check_member(Peer(1, os.geteuid(), 0), "no-such-group")
    with pytest.raises(NotPermittedError, match="uid 61234"):
        check_member(Peer(1, 61234, 61234), "no-such-group")
    with pytest.raises(NotPermittedError):
        check_member(Peer(1, 61234, 61234), "daemon")


def test_a_refused_stranger_hears_it(path: Path) -> None:
    def check(peer: Peer) -> None:
        raise NotPermittedError("uid 5 may not do this", "use sudo")

    stop = threading.Event()
    server = LineServer(listen(path, "no-such-group"), answer, check, stop)
    server.start()
    with pytest.raises(RefusedError, match="may not"):
        ask(path, {"verb": "status"}, 10, WHO)
    stop.set()
    server.join(5)
