# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles that need no modem, on a fresh server in a systemd container: predicted, made, made
again without a change, and then looked at by tests that share no code with them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from modemlab.host import engine

ROOT = Path(__file__).parents[3]
CACHE = ROOT / "build/lab/cache"  # where the lab keeps what it has fetched
TOOLS = ("systemd-nspawn", "mmdebstrap", "nsenter", "ssh", "ssh-keygen")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
WHOLE_S = 1800  # 3 minutes on two idle cores, the image included
LEAST = {"threeproxy": 32, "v2ray": 28}  # tests that pass; those of the other engine are skipped
COLOUR = re.compile(r"\x1b\[[0-9;]*m")

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or any(shutil.which(tool, path=PATH) is None for tool in TOOLS),
    reason=f"needs root and {', '.join(TOOLS)}",
)


def test_roles_in_a_container(remark: Callable[[str], None]) -> None:
    """With 3proxy where its source can be had; else with the packaged engine, and that is said."""
    chosen = engine.choose(ROOT, CACHE)
    left_out = "" if chosen.name == "threeproxy" else "3proxy was left out: "
    remark(f"roles in a container: {chosen.label}: {left_out}{chosen.reason}")
    venv = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{venv}{os.pathsep}{os.environ['PATH']}{os.pathsep}{PATH}",
        "PYTHONPATH": str(ROOT / "src"),
        engine.ARCHIVE_VARIABLE: chosen.variables.get("threeproxy_archive", ""),
    }
    done = subprocess.run(
        [str(venv / "molecule"), "test", "--scenario-name", "roles"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=WHOLE_S,
        check=False,
    )
    said = COLOUR.sub("", done.stdout + done.stderr)
    assert done.returncode == 0, said[-6000:]
    passed = re.search(r"=+ (\d+) passed(?:, \d+ skipped)? in", said)
    assert passed, said[-6000:]
    assert int(passed[1]) >= LEAST[chosen.name]
