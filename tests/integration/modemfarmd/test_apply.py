# SPDX-License-Identifier: GPL-3.0-or-later
"""The apply service as a process of its own, with a stub play that ansible-runner really runs."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from modemfarmd.agent.client import request_apply, request_drift, request_repair
from modemfarmd.errors import ApplyError

GOOD = "867584030000017"
FAILS = "867584039999999"
HANGS = "867584038888888"
BUSY = "867584037777777"
START_S = 30.0


class Service:
    def __init__(self, process: subprocess.Popen[bytes], path: Path, work: Path) -> None:
        self.process, self.path, self.work = process, path, work

    def ask(self, line: bytes) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(60)
            connection.connect(str(self.path))
            connection.sendall(line)
            return json.loads(connection.makefile("rb").readline())


@pytest.fixture
def start(project: Path, short_path: Path) -> Iterator[Callable[..., Service]]:
    started: list[subprocess.Popen[bytes]] = []

    def make(*extra: str) -> Service:
        path, work = short_path / "apply.sock", short_path / "work"
        process = subprocess.Popen(
            [sys.executable, "-m", "modemfarmd.apply.main", "--socket", path, "--project", project,
             "--work", work, *extra],
            env=os.environ
            | {"PYTHONPATH": "src", "HOME": str(short_path), "UNDONE": f"{work}/undone"},
        )  # fmt: skip
        started.append(process)
        deadline = time.monotonic() + START_S
        while not path.exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return Service(process, path, work)

    yield make
    for process in started:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_a_batch_comes_back_with_what_the_module_said(start: Callable[..., Service]) -> None:
    service = start()
    applied = request_apply([GOOD, "867584030000025"], path=service.path)
    assert [(o.serial, o.status, o.wan_address) for o in applied.outcomes] == [
        (GOOD, "online", "10.64.1.2"),
        ("867584030000025", "online", "10.64.2.2"),
    ]
    assert list(service.work.glob("job-*")) == []


def test_drift_is_asked_for_in_check_mode_without_a_request(start: Callable[..., Service]) -> None:
    drift = request_drift([GOOD], start().path)
    assert drift.host == ("guard",)
    assert [(row["serial"], row["changed"]) for row in drift.rows] == [(GOOD, ["route"])]


def test_a_batch_need_not_be_proved(start: Callable[..., Service]) -> None:
    (row,) = request_apply([GOOD], prove=False, path=start().path).rows
    assert (row["wan_address"], row["changed"]) == (None, [])


def test_a_step_comes_back_with_its_evidence(start: Callable[..., Service]) -> None:
    taken = request_repair(GOOD, "radio", start().path)
    assert (taken.step, taken.seconds, taken.error) == ("radio", 6.5, None)
    assert (taken.before, taken.after) == ({"registration": "none"}, {"registration": "home"})


def test_a_step_that_fails_is_an_answer_and_one_that_is_refused_is_not(
    start: Callable[..., Service],
) -> None:
    service = start()
    taken = request_repair(FAILS, "reset", service.path)
    assert (taken.before, taken.after) == ({"registration": "none"}, None)
    assert taken.error == "told to fail; do not tell me to"
    with pytest.raises(ApplyError, match="another run works on it"):
        request_repair(BUSY, "reset", service.path)


def test_a_repair_beyond_its_time_is_told_to_unwind(
    start: Callable[..., Service], tmp_path: Path
) -> None:
    """The module gets SIGTERM and the time to undo what it did, whoever ends the run."""
    service = start("--job-timeout", "15")  # a good one takes 2 s, and 7 s on a busy machine
    with pytest.raises(ApplyError, match="took too long"):
        request_repair(HANGS, "radio", service.path)
    undone = service.work / "undone"
    deadline = time.monotonic() + START_S
    while not undone.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_failing_module_is_told_with_its_words(start: Callable[..., Service]) -> None:
    service = start()
    with pytest.raises(ApplyError, match=r"told to fail; do not tell me to"):
        request_apply([FAILS], path=service.path)


def test_a_job_beyond_its_time_is_ended_with_its_children(start: Callable[..., Service]) -> None:
    service = start("--job-timeout", "15")  # a good one takes 2 s, and 7 s on a busy machine
    begun = time.monotonic()
    with pytest.raises(ApplyError, match="took too long"):
        request_apply([HANGS], path=service.path)
    assert time.monotonic() - begun < 45
    left = subprocess.run(
        ["pgrep", "-f", f"{service.work}/job-"], capture_output=True, text=True, check=False
    )
    assert left.stdout == ""
    assert list(service.work.glob("job-*")) == []
    assert request_apply([GOOD], path=service.path).outcomes[0].state == "serving"


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"[]\n",
        b'{"play":"site","serials":[]}\n',
        b'{"play":"modem","serials":["867584030000017; reboot"]}\n',
        b'{"play":"modem","serials":["867584030000017"],"extra":1}\n',
        b'{"play":"modem","serials":"867584030000017"}\n',
        b'{"play":"../site","serials":[]}\n',
        b'{"play":"drift","serials":[],"prove":true}\n',
        b'{"play":"repair","serials":[],"step":"radio"}\n',
        b'{"play":"repair","serials":["867584030000017"],"step":"reprobe"}\n',
        b'{"play":"modem","serials":["867584030000017"],"step":"radio"}\n',
        b"x" * 70_000,
    ],
)
def test_what_is_not_allowed_is_refused_at_once(start: Callable[..., Service], line: bytes) -> None:
    answer = start().ask(line)
    assert (answer["ok"], answer["rc"], answer["modems"]) == (False, 64, [])
    assert "allowed" in answer["error"]


def test_an_endless_line_is_cut_off_at_once(start: Callable[..., Service]) -> None:
    """Not when the caller's time is up: each caller takes one of few seats."""
    begun = time.monotonic()
    answer = start().ask(b"x" * 200_000)
    assert "over 65536 bytes" in answer["error"]
    assert time.monotonic() - begun < START_S
