# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a system tool: a list of arguments, a time-out, and an error that says what it said."""

import os
import subprocess
from collections.abc import Sequence

from ..errors import MissingPartError, ToolError

# Tools answer in milliseconds; under emulation on a loaded host a start alone may take seconds.
TOOL_TIMEOUT_S = 20.0
_MAX_SAID = 300


def run(command: Sequence[str], text: str = "", timeout: float = TOOL_TIMEOUT_S) -> str:
    """Return stdout of `command` fed with `text`; ToolError, MissingPartError."""
    try:
        done = subprocess.run(
            command,
            input=text.encode(),
            capture_output=True,
            timeout=timeout,
            check=False,
            # Messages are matched and shown, so they must not depend on the caller's language.
            env={**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": ""},
        )
    except FileNotFoundError as error:
        raise MissingPartError(
            f"{command[0]} is not installed", "run playbooks/site.yml on this host"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise ToolError(
            f"{' '.join(command[:4])} did not end within {timeout:g} s", "look at the host's load"
        ) from error
    if done.returncode != 0:
        raise ToolError(
            f"{' '.join(command[:4])}: {first_line(done.stderr)} (exit code {done.returncode})",
            "see the journal of this host",
        )
    return done.stdout.decode("utf-8", "replace")


def first_line(raw: bytes) -> str:
    """The first line of a tool's message that has anything to read, cut and printable."""
    for line in raw.decode("utf-8", "replace").splitlines():
        shown = "".join(c for c in line if c.isprintable()).strip()
        if shown:
            return shown[:_MAX_SAID]
    return "no message"
