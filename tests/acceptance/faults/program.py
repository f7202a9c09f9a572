# SPDX-License-Identifier: GPL-3.0-or-later
"""A program of folder `inside`, running in the lab host as root while the test goes on."""

import subprocess
import tempfile
from types import TracebackType
from typing import Self

from modemlab.host.lab import GUEST_SOURCE, Lab

PLACE = "/opt/modemlab/faults"
SYSTEM = "python3"
FARM = "/opt/modemfarm/venv/bin/python"  # has what modemfarm needs
END_S = 60


def inside(module: str, *arguments: str, python: str = SYSTEM) -> list[str]:
    """The command for a module of folder `inside` in the lab host, as root."""
    path = PLACE if python == FARM else f"{PLACE}:{GUEST_SOURCE}"
    return [
        "sudo", "env", f"PYTHONPATH={path}", "PYTHONDONTWRITEBYTECODE=1",
        python, "-u", "-m", module, *arguments,
    ]  # fmt: skip


class Program:
    """Runs while entered; it ends when its standard input does, or is killed."""

    def __init__(self, lab: Lab, module: str, *arguments: str, python: str = SYSTEM) -> None:
        self._command = [
            *lab.guest.ssh(), " ".join(inside(module, *arguments, python=python))
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=self._output, stderr=subprocess.STDOUT
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._output.close()

    @property
    def running(self) -> bool:
        """False when it has ended."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End its input and wait for it."""
        if self._process is None:
            return
        process, self._process = self._process, None
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def text(self) -> str:
        """All it has said so far."""
        self._output.seek(0)
        return self._output.read().decode(errors="replace")
