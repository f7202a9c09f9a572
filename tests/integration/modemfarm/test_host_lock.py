# SPDX-License-Identifier: GPL-3.0-or-later
"""One program at a time on a host, however the one before has ended."""

import os
import signal
import stat
import subprocess
import sys

import pytest

from modemfarm.errors import ToolError, TransientError
from modemfarm.host_lock import held

HOLD = """
import sys
from pathlib import Path
from modemfarm.host_lock import held
with held(Path(sys.argv[1]), 5, "a test"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path / "x.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.stdin.close()


def test_the_second_one_waits_in_vain_and_is_told(tmp_path, holder):
    with (
        pytest.raises(TransientError, match="another run has held") as caught,
        held(tmp_path / "x.lock", 0.2, "modem_config"),
    ):
        pass
    assert "modem_config" in caught.value.remedy


def test_a_killed_holder_lets_go(tmp_path, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with held(tmp_path / "x.lock", 5, "a test"):
        assert stat.S_IMODE((tmp_path / "x.lock").stat().st_mode) == 0o600


def test_a_link_in_its_place_is_refused(tmp_path):
    (tmp_path / "x.lock").symlink_to(tmp_path / "victim")
    with pytest.raises(ToolError, match="cannot open"), held(tmp_path / "x.lock", 0, "a test"):
        pass
    assert not (tmp_path / "victim").exists()
