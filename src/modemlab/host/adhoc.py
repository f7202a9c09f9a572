# SPDX-License-Identifier: GPL-3.0-or-later
"""One module on the lab host from the admin side: `ansible modems -m NAME -a ARGUMENTS`."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from .errors import CommandFailed
from .lab import Lab
from .site import environment

GROUP = "modems"
CAP_S = 300  # under emulation a module's start alone takes seconds


def run(
    lab: Lab, module: str, arguments: dict[str, Any] | None = None, *options: str
) -> dict[str, Any]:
    """The module's result, also when it failed. `--check` and `--diff` are options.

    CommandFailed when Ansible did not get as far as the module.
    """
    command = [
        str(Path(sys.executable).with_name("ansible")),
        "-i", str(lab.inventory), GROUP, "-m", module, "-a", json.dumps(arguments or {}), *options,
    ]  # fmt: skip
    done = subprocess.run(
        command,
        cwd=lab.project,
        env={
            **environment(lab.project, mitogen=False),
            "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1",
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=CAP_S,
        check=False,
    )
    try:
        plays = json.loads(done.stdout[done.stdout.index("{") :])["plays"]
        (result,) = plays[0]["tasks"][-1]["hosts"].values()
    except (ValueError, KeyError, IndexError) as error:
        words = (done.stderr or done.stdout).strip()[-2000:]
        raise CommandFailed(f"ansible -m {module} ended with {done.returncode}\n{words}") from error
    found: dict[str, Any] = result
    return found
