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
