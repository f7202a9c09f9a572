# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs playbooks/site.yml from the admin side against the lab host, as an administrator would.

The only difference is mitogen's strategy, given by environment: under emulation a task costs
0.2-0.3 s with it and 4-9 s without. The plays name no strategy, so they run with the stock one too.
"""

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .errors import CommandFailed

RECAP = re.compile(r"^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)")
HEADING = re.compile(r"^TASK \[([\w.]+) : ")


@dataclass(frozen=True)
class Recap:
    """The counts of PLAY RECAP for the lab host."""

    ok: int
    changed: int
    unreachable: int
    failed: int
    output: str


def run(
    project: Path,
    inventory: Path,
    log: Path,
    *arguments: str,
    playbook: str = "playbooks/site.yml",
    say: Callable[[str], None] | None = None,
    mitogen: bool = True,
) -> Recap:
    """Run the playbook; the whole output goes to `log`. Raises CommandFailed naming the task.

    Without `mitogen` for a playbook that uses a module of library/ (see `environment`).
    """
    command = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        "-i", str(inventory),
        playbook,
        *arguments,
    ]  # fmt: skip
    lines: list[str] = []
    role = ""
    with (
        log.open("w") as output,
        subprocess.Popen(
            command,
            cwd=project,
            env=environment(project, mitogen),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process,
    ):
        assert process.stdout is not None  # noqa: S101 - PIPE above
        for line in process.stdout:
            output.write(line)
            output.flush()
            lines.append(line)
            found = HEADING.match(line)
            if say and found and found[1] != role:
                role = found[1]
                say(f"    role {role}")
    return recap("".join(lines), process.returncode, log)


def environment(project: Path, mitogen: bool = True) -> dict[str, str]:
    """The environment of ansible-playbook: the checkout's configuration, no colours.

    `mitogen` where it is installed: fast under emulation.
    """
    folder = Path(sys.executable).parent
    spec = importlib.util.find_spec("ansible_mitogen") if mitogen else None
    strategy = {}
    if spec:
        place = Path(__file__).with_name("strategy_plugins")
        strategy = {"ANSIBLE_STRATEGY_PLUGINS": str(place), "ANSIBLE_STRATEGY": "lab_linear"}
    return {
        **os.environ,
        **strategy,
        "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "ANSIBLE_CONFIG": str(project / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_FORCE_COLOR": "0",
        "LC_ALL": "C.UTF-8",
    }


def recap(text: str, code: int, log: Path) -> Recap:
    """Read PLAY RECAP out of `text`; raises CommandFailed when the run did not succeed."""
    counts = [found for line in text.splitlines() if (found := RECAP.match(line))]
    if code or not counts:
        failed = [
            line for line in text.splitlines() if line.startswith(("fatal:", "ERROR", "[ERROR]"))
        ]
        words = "\n".join(failed[-3:]) or text.strip()[-1500:]
        raise CommandFailed(
            f"ansible-playbook ended with {code}; the whole output is in {log}\n{words}"
        )
    ok, changed, unreachable, failures = (int(counts[-1][n]) for n in range(2, 6))
    return Recap(ok, changed, unreachable, failures, text)
