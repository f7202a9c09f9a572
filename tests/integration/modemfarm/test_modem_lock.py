# SPDX-License-Identifier: GPL-3.0-or-later
"""One run per modem on a host: between processes, within one, and after a killed one."""

import os
import signal
import stat
import subprocess
import sys

import pytest

from modemfarm.errors import InvalidValueError, ToolError
from modemfarm.modem_lock import ModemBusyError, held, held_one, is_held
from modemfarm.processes import flocks

A, B, C = "867584030000017", "867584030000025", "867584030000033"
HOLD = """
import sys
from pathlib import Path
from modemfarm.modem_lock import held
with held(sys.argv[2:], 5, "a test", Path(sys.argv[1])) as locked:
    print(len(locked.got), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "locks"


@pytest.fixture
def holder(folder):
    """Another process that holds A."""
    command = [sys.executable, "-c", HOLD, str(folder), A]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"1\n"
        yield process
        process.stdin.close()


def test_a_busy_modem_does_not_stop_the_others(folder, holder):
    with held([A, B, C, B], 0.2, "modem_apply", folder) as locked:
        assert locked.got == {B, C}
        assert locked.busy == {A: "a test"}
    with held([B], 0, "modem_apply", folder) as locked:
        assert locked.got == {B}


def test_one_that_becomes_free_is_taken(folder, holder):
    holder.stdin.close()
    with held([A, B], 10, "modem_apply", folder) as locked:
        assert locked.got == {A, B}


def test_a_killed_holder_lets_go(folder, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with held_one(A, 10, "modem_reset", folder):
        assert stat.S_IMODE((folder / A).stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_two_runs_in_one_process_exclude_each_other(folder):
    with held_one(A, 0, "modem_apply in process", folder):
        with (
            pytest.raises(ModemBusyError, match="works on it: modem_apply in process") as caught,
            held_one(A, 0.1, "another", folder),
        ):
            pytest.fail("held twice")
        assert caught.value.modem == A
    with held_one(A, 0, "another", folder):  # the process lives on, the lock does not
        assert (folder / A).read_text() == "another"
    assert (folder / A).read_text() == ""


def test_an_error_inside_lets_go(folder):
    with pytest.raises(ZeroDivisionError), held_one(A, 0, "x", folder):
        raise ZeroDivisionError
    assert not is_held(A, folder)


def test_a_reader_sees_it_without_opening_the_file(folder, holder):
    folder.joinpath(A).chmod(0)
    assert is_held(A, folder)
    assert flocks(folder / A) == [holder.pid]
    assert not is_held(B, folder)
    holder.stdin.close()
    holder.wait()
    assert not is_held(A, folder)


def test_a_waiter_is_no_holder(folder, tmp_path):
    """Rows with an arrow are processes that wait (proc_pid_locks(5))."""
    folder.mkdir()
    (folder / A).touch()
    found = (folder / A).stat()
    place = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    proc = tmp_path / "proc"
    proc.mkdir()
    (proc / "locks").write_text(f"1: -> FLOCK  ADVISORY  WRITE 4711 {place} 0 EOF\n")
    assert not is_held(A, folder, proc)


def test_links_and_foreign_names_are_refused(folder, tmp_path):
    folder.mkdir()
    (folder / A).symlink_to(tmp_path / "victim")
    with pytest.raises(ToolError, match="cannot open"), held([A, B], 0, "x", folder):
        pytest.fail("held")
    with pytest.raises(InvalidValueError), held(["../../etc/passwd"], 0, "x", folder):
        pytest.fail("held")
    assert not (tmp_path / "victim").exists()
