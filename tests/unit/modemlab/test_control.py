# SPDX-License-Identifier: GPL-3.0-or-later
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modemlab.control import ControlError, build_request, call, main, parse_value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("0", 0),
        ("007", "007"),
        ("1.5", 1.5),
        ("true", True),
        ("null", None),
        ("[1,2]", [1, 2]),
        ('{"silent":"all"}', {"silent": "all"}),
        ("[1,", "[1,"),
        ("1-4,7", "1-4,7"),
        ("10.64.1.2/30", "10.64.1.2/30"),
        ("", ""),
        ("NaN", "NaN"),
    ],
)
def test_values(text: str, value: object) -> None:
    assert parse_value(text) == value


def test_a_request_of_pairs() -> None:
    assert build_request("plug", ["modem=3", "port=null", "x=a=b"], None) == {
        "verb": "plug",
        "modem": 3,
        "port": None,
        "x": "a=b",
    }


@pytest.mark.parametrize(
    ("verb", "pairs", "given"),
    [(None, [], None), ("plug", ["modem"], None), ("plug", [], "{}"), (None, [], "[]")],
)
def test_bad_command_lines(verb: str | None, pairs: list[str], given: str | None) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        build_request(verb, pairs, given)


Answering = Callable[[bytes], list[bytes]]


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[Answering]:
    """A server that takes one line and answers with given bytes; gives what it was asked."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(tmp_path / "control.sock"))
    listening.listen(1)
    threads: list[threading.Thread] = []

    def start(answer: bytes) -> list[bytes]:
        asked: list[bytes] = []

        def serve() -> None:
            connection, _ = listening.accept()
            with connection, connection.makefile("rb") as stream:
                asked.append(stream.readline())
                connection.sendall(answer)

        threads.append(threading.Thread(target=serve))
        threads[-1].start()
        return asked

    yield start
    for thread in threads:
        thread.join(5)
    listening.close()


def test_exit_code_and_output_of_ok(
    answering: Answering, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = answering(b'{"ok": true, "modems": 2}\n')
    assert main(["--socket", str(tmp_path / "control.sock"), "hello", "x=1"]) == 0
    assert json.loads(asked[0]) == {"verb": "hello", "x": 1}
    assert json.loads(capsys.readouterr().out) == {"ok": True, "modems": 2}


def test_a_refusal_is_exit_code_1(
    answering: Answering, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(b'{"ok": false, "error": "no"}\n')
    command = ["--socket", str(tmp_path / "control.sock"), "--json", '{"verb": "plug"}']
    assert main(command) == 1
    assert json.loads(capsys.readouterr().out)["error"] == "no"


@pytest.mark.parametrize("answer", [b"", b"garbage\n", b"[]\n"])
def test_no_answer_is_an_error(answering: Answering, tmp_path: Path, answer: bytes) -> None:
    answering(answer)
    with pytest.raises(ControlError, match=r"control\.sock"):
        call({"verb": "hello"}, tmp_path / "control.sock", 5)


def test_no_daemon_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--socket", str(tmp_path / "none.sock"), "hello"]) == 2
    assert "none.sock: No such file or directory" in capsys.readouterr().err
