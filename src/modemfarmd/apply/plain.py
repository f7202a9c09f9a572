# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a job in a fresh Python process: slow to start, but nothing is shared with anything."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict

from ..errors import ApplyError
from .job import UNWIND_S, Job, Outcome

GRACE_S = 15.0 + UNWIND_S  # the job ends itself at its time limit; beyond this it hangs


def run_plain(job: Job) -> Outcome:
    """Run it and wait. ApplyError when the process itself failed."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"{__package__}.job"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(
            json.dumps(asdict(job)).encode(), timeout=job.timeout + GRACE_S
        )
    except subprocess.TimeoutExpired as error:
        raise ApplyError(f"the run did not end within {job.timeout:g} s") from error
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return parse_outcome(output, process.returncode)


def parse_outcome(output: bytes, returncode: int) -> Outcome:
    """The outcome a job process wrote; ApplyError when there is none."""
    try:
        return Outcome(**json.loads(output))
    except (ValueError, TypeError) as error:
        raise ApplyError(f"the job process ended with {returncode} and said nothing") from error
