# SPDX-License-Identifier: GPL-3.0-or-later
"""What is taken from ansible-runner's events, and that children end."""

import os
import subprocess
import sys
from typing import Any

from modemfarmd.apply.job import _Watcher, environment


def event(kind: str, result: dict[str, Any], action: str = "modem_apply") -> dict[str, Any]:
    return {"event": kind, "event_data": {"task": "T", "task_action": action, "res": result}}


def test_rows_come_from_the_module_only() -> None:
    watcher = _Watcher()
    watcher.event(event("runner_on_ok", {"modems": [{"serial": "x"}]}, "debug"))
    assert watcher.modems == []
    watcher.event(event("runner_on_ok", {"modems": [{"serial": "x"}, "rubbish"]}))
    assert watcher.modems == [{"serial": "x"}]
    watcher.event(event("runner_on_ok", {"modems": []}, "modemfarm.farm.modem_apply"))
    assert watcher.modems == []


def test_words_for_the_host_come_with_the_rows() -> None:
    watcher = _Watcher()
    watcher.event(event("runner_on_ok", {"modems": [], "host": ["guard", 3]}))
    assert watcher.host == ["guard"]


def test_a_step_that_did_not_begin_is_none() -> None:
    watcher = _Watcher()
    busy = {"msg": "another run works on it", "remedy": "wait", "error": "ModemBusyError"}
    watcher.event(event("runner_on_failed", busy, "modem_reset"))
    assert watcher.repair is None
    assert watcher.errors == ["T: another run works on it; wait"]
    failed = {"msg": "m", "remedy": "r", "error": "ToolError", "step": "usb", "seconds": 2.0,
              "before": {"devnum": "7"}, "after": None}  # fmt: skip
    watcher.event(event("runner_on_failed", failed, "modem_reset"))
    assert watcher.repair == {
        "step": "usb", "seconds": 2.0, "before": {"devnum": "7"}, "after": None, "error": "m; r",
    }  # fmt: skip


def test_failures_keep_their_words() -> None:
    watcher = _Watcher()
    watcher.event(event("runner_on_failed", {"msg": "no file", "remedy": "make it"}))
    watcher.event({"event": "runner_on_unreachable", "event_data": {"task": "T"}})
    watcher.event({"event": "verbose", "stdout": "noise"})
    assert watcher.errors == ["T: no file; make it", "T: unreachable: "]


def test_nothing_is_written_to_the_artifacts() -> None:
    assert _Watcher().event(event("runner_on_ok", {})) is False


def test_ansible_s_programs_come_first_in_path() -> None:
    assert environment()["PATH"].split(":")[0] == os.path.dirname(sys.executable)  # noqa: PTH120


def test_descendants_may_unwind_before_they_are_killed() -> None:
    """One undoes something on SIGTERM; another one does not listen and is killed."""
    script = """
import subprocess, sys
from modemfarmd.apply.job import end_children
undo = "import signal,sys,time; signal.signal(15, lambda *_: sys.exit(print('undone')));"
deaf = "import signal,time; signal.signal(15, signal.SIG_IGN);"
tail = "print('up', flush=True); time.sleep(60)"
commands = [[sys.executable, '-c', head + tail] for head in (undo, deaf)]
children = [subprocess.Popen(command, stdout=-1) for command in commands]
for child in children:
    assert child.stdout.readline() == b'up\\n'
end_children(3.0)
print(children[0].stdout.read().decode().strip(), children[1].stdout.read())
"""
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": "src"},
        stdout=subprocess.PIPE, timeout=30, check=True,
    )  # fmt: skip
    assert done.stdout == b"undone b''\n"


def test_descendants_that_left_their_session_are_ended() -> None:
    script = """
import os, subprocess, sys, time
from modemfarmd.apply.job import adopt_orphans, end_children
adopt_orphans()
inner = "import os,subprocess; os.setsid(); print(subprocess.Popen(['sleep','60'],stdout=-3).pid)"
pid = int(subprocess.run([sys.executable, '-c', inner], stdout=subprocess.PIPE).stdout)
os.kill(pid, 0)
end_children()
try:
    os.kill(pid, 0)
except ProcessLookupError:
    print('gone')
"""
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": "src"},
        stdout=subprocess.PIPE, timeout=30, check=True,
    )  # fmt: skip
    assert done.stdout == b"gone\n"
