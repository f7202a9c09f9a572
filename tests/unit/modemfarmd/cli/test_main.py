# SPDX-License-Identifier: GPL-3.0-or-later
"""The CLI without a database: it falls back to the snapshot, and it says what is wrong."""

import fcntl
import json
import os
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from typer.testing import CliRunner

from modemfarmd.cli.output import cell
from modemfarmd.cli.verbs import VERBS, app
from modemfarmd.registry import db

GOOD = "867584030000017"


def test_list_falls_back_to_the_snapshot_and_says_so(files: Path, shell: Any) -> None:
    code, out, err = shell("list", "--json")
    assert code == 0
    rows = json.loads(out)
    assert [(r["serial"], r["slot"], r["proxy_port"]) for r in rows] == [(GOOD, 1, 3128)]
    assert rows[0]["state"] == "unknown"
    assert "the database is gone" in err


def test_the_table_is_not_cut_in_a_pipe(files: Path, shell: Any) -> None:
    code, out, _ = shell("list")
    assert code == 0
    assert GOOD in out
    assert "3128" in out


def test_show_works_without_the_database(files: Path, shell: Any) -> None:
    code, out, err = shell("show", GOOD)
    assert (code, "no events" in err) == (0, True)
    assert "1-1" in out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("show", "12"), "15 ASCII digits"),
        (("show", "867584030000999"), f"a modem of this host: {GOOD}"),
        (("apply", "x"), "15 ASCII digits"),
        (("logs", "1" * 16), "15 ASCII digits"),
        (("forget", GOOD), "--force"),
        (("logs", GOOD, "-n", "0"), "greater than or equal to 1"),
        (("at", "--device", "/dev/null", "AT"), "a serial port"),
        (("at", "--device", "/no/such", "AT"), "a serial port"),
        (("nonsense",), "No such command"),
    ],
)
def test_bad_input_is_exit_2_and_names_what_is_allowed(
    files: Path, shell: Any, words: tuple[str, ...], expected: str
) -> None:
    code, _, err = shell(*words)
    assert code == 2
    assert expected in " ".join(err.split())


def test_missing_settings_are_exit_2(tmp_path: Path, shell: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("MODEMFARM_SETTINGS", str(tmp_path / "none.json"))
    code, _, err = shell("list")
    assert (code, err.count("\n")) == (2, 1)


def test_logs_and_forget_need_the_database(files: Path, shell: Any) -> None:
    code, _, err = shell("logs", GOOD)
    assert (code, "postgresql" in err) == (1, True)
    code, _, _ = shell("forget", GOOD, "--force")
    assert code == 1


def test_apply_without_its_service_is_exit_1(files: Path, shell: Any) -> None:
    code, _, err = shell("apply", "--socket", str(files / "none.sock"))
    assert (code, "apply service" in err) == (1, True)


def test_the_help_lists_our_verbs_and_those_of_others() -> None:
    names = CliRunner().invoke(app, ["--help"]).output
    for verb in (*VERBS, "lab"):
        assert f"  {verb} " in names


class Stick:
    """A modem behind a terminal. `late` goes out before the next answer: nobody waits for it."""

    ANSWERS: ClassVar = {
        b"AT+CSQ": (b"+CSQ: 20,0", b"OK"), b"AT+COPS?": (b"+CME ERROR: 3",),
        b"AT+CMEE?": (b"+CMEE: 0", b"OK"), b"AT+CEREG?": (),
    }  # fmt: skip

    def __init__(self) -> None:
        self.near, self.far = os.openpty()
        tty.setraw(self.far)
        self.device = os.ttyname(self.far)
        self.seen: list[bytes] = []
        self.late = b""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        held = b""
        while True:
            try:
                held += os.read(self.near, 256)
            except OSError:
                return  # closed
            *commands, held = held.split(b"\r")
            for command in commands:
                self.seen.append(command)
                late, self.late = self.late, b""
                words = self.ANSWERS.get(command, (b"OK",))
                os.write(self.near, late + b"".join(b"\r\n%b\r\n" % word for word in words))


@pytest.fixture
def stick() -> Iterator[Stick]:
    made = Stick()
    yield made
    os.close(made.far)
    os.close(made.near)


def test_at_on_a_bare_port_needs_no_settings(stick: Stick, shell: Any) -> None:
    code, out, _ = shell("at", "--device", stick.device, "--json", "AT+CSQ")
    said = json.loads(out)
    assert code == 0
    assert 0 <= said.pop("milliseconds") < 1000
    assert said == {"command": "AT+CSQ", "lines": ["+CSQ: 20,0"], "result": "OK", "error": None}
    assert stick.seen == [b"AT", b"AT+CMEE?", b"AT+CMEE=2", b"AT+CSQ"]


def test_at_on_a_bare_port_says_why_not(stick: Stick, shell: Any) -> None:
    code, out, _ = shell("at", "--device", stick.device, "--json", "AT+COPS?")
    said = json.loads(out)
    assert (code, said["result"], said["lines"]) == (1, "ERROR", [])
    assert "operation not allowed" in said["error"]


def test_at_on_a_bare_port_shows_no_pin_and_sends_nothing_that_is_refused(
    stick: Stick, shell: Any
) -> None:
    code, out, err = shell("at", "--device", stick.device, "--json", "AT+CPIN=1234")
    assert (code, json.loads(out)["result"], "1234" in out + err) == (2, None, False)
    code, _, err = shell("at", "--device", stick.device, "AT+CFUN=1,1")
    assert (code, "CFUN" in err) == (2, True)
    assert stick.seen == []


def test_what_another_program_left_on_the_port_is_no_answer(stick: Stick, shell: Any) -> None:
    stick.late = b"\r\n+CSQ: 1,1\r\n\r\nOK\r\n"
    code, out, _ = shell("at", "--device", stick.device, "--json", "AT+CSQ")
    assert (code, json.loads(out)["lines"]) == (0, ["+CSQ: 20,0"])


def test_the_time_is_that_of_the_command_alone(stick: Stick, shell: Any) -> None:
    words = ("--device", stick.device, "--timeout", "0.2", "--json", "AT+CEREG?")
    code, out, _ = shell("at", *words)
    said = json.loads(out)
    assert (code, said["result"], said["lines"]) == (1, None, [])
    assert "did not answer AT+CEREG?" in said["error"]
    assert 200 <= said["milliseconds"] < 1000


def test_a_port_that_somebody_has_is_waited_for_as_long_as_is_said(
    stick: Stick, shell: Any
) -> None:
    holder = os.open(stick.device, os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    started = time.monotonic()
    words = ("--device", stick.device, "--wait", "0.2", "--json", "AT+CSQ")
    code, out, _ = shell("at", *words)
    os.close(holder)
    assert 0.2 <= time.monotonic() - started < 5
    said = json.loads(out)
    assert (code, said["result"], said["milliseconds"]) == (1, None, 0)
    assert "is held by" in said["error"]
    assert stick.seen == []


def test_hostile_cells_are_escaped() -> None:
    assert cell("\x1b[31mred") == "\\x1b[31mred"
    assert cell(None) == "-"
    assert cell(True) == "yes"


def test_nothing_heavy_is_imported_to_ask_a_port() -> None:
    script = (
        "import sys, modemfarmd.cli.main, modemfarmd.cli.at\n"
        "heavy = {'psycopg2', 'rich.table', 'ansible_runner', 'ansible', 'pyudev', 'modemlab'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": "src"},
        stdout=subprocess.PIPE, check=True, timeout=30,
    )  # fmt: skip
    assert done.stdout == b"[]\n"


def test_back_off_of_the_database_is_bounded() -> None:
    assert all(0.8 <= db.backoff(0) <= 1.2 for _ in range(50))
    assert all(24 <= db.backoff(attempt) <= 36 for attempt in range(6, 2000, 100))
