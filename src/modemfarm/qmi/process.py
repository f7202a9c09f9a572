# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of qmicli: bounded in time and output, ended so that its client id is given back.

A killed qmicli leaks its id, some services of a modem have ten, and only a reset brings them back
(measured with qmi-proxy 1.32: SIGKILL leaks, SIGINT does not). After SIGINT qmicli still tells
the modem that it is done with its id, and waits up to 10 s for that with a modem that is silent.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

from ..errors import MissingPartError, ToolError

GRACE_S = 12.0  # qmicli's own 10 s for giving back the id, and its start and end on a busy host
MAX_OUTPUT = 256 * 1024  # a hundred times the longest answer; what is beyond is read and dropped
READ_BYTES = 65536  # what a pipe holds (pipe(7)), so one read takes all that is left in it


@dataclass(frozen=True)
class Ended:
    """How it ended: `code` as subprocess has it, outputs cut at MAX_OUTPUT.

    `interrupted` is True when it took longer than its cap; `killed` when the grace was over too.
    """

    code: int
    output: str
    errors: str
    interrupted: bool
    killed: bool
    seconds: float


def run(command: Sequence[str], cap: float, grace: float = GRACE_S) -> Ended:
    """Run `command` for `cap` seconds at most, then SIGINT, after `grace` SIGKILL.

    MissingPartError when the program is not installed. Should the caller be interrupted, the
    program gets its SIGINT and its grace all the same.
    """
    started = time.monotonic()
    with _Run(command, grace) as one:
        in_time = one.wait(started + cap)
    return Ended(
        one.code,
        one.text(0),
        one.text(1),
        interrupted=not in_time,
        killed=one.killed,
        seconds=time.monotonic() - started,
    )


class _Run:
    """The process and its two pipes. Leaving the context ends it."""

    def __init__(self, command: Sequence[str], grace: float) -> None:
        self._grace = grace
        self._kept = [bytearray(), bytearray()]
        self.killed = False
        self.code = 0
        self._process = _start(command)
        self._selector = selectors.DefaultSelector()
        # A child of the program may keep the pipes open: its end is seen by itself.
        self._end_fd = os.pidfd_open(self._process.pid)
        self._selector.register(self._end_fd, selectors.EVENT_READ)
        for number, pipe in enumerate((self._process.stdout, self._process.stderr)):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
                self._selector.register(pipe, selectors.EVENT_READ, self._kept[number])

    def __enter__(self) -> "_Run":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._interrupt()
        finally:
            self._kill()
            self._drain(0)
            self._selector.close()
            os.close(self._end_fd)
            for pipe in (self._process.stdout, self._process.stderr):
                if pipe is not None:
                    pipe.close()
        self.code = self._process.returncode

    def text(self, number: int) -> str:
        """What it printed to stdout (0) or stderr (1)."""
        return self._kept[number].decode("utf-8", "replace")

    def wait(self, deadline: float) -> bool:
        """True when it ends before `deadline` (monotonic seconds)."""
        while self._process.poll() is None:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._drain(left)
        return True

    def _drain(self, seconds: float) -> None:
        """Wait at most `seconds` for output or the end, and keep what came as far as it fits."""
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                continue
            data = os.read(key.fd, READ_BYTES)
            if not data:
                self._selector.unregister(key.fileobj)
            key.data.extend(data[: MAX_OUTPUT - len(key.data)])

    def _interrupt(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self.wait(time.monotonic() + self._grace)

    def _kill(self) -> None:
        if self._process.poll() is None:
            self.killed = True
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A group of its own: Ctrl-C at our terminal must not reach it besides our SIGINT.
            start_new_session=True,
            # Messages are matched, so they must not depend on the caller's language.
            env={**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": ""},
        )
    except (FileNotFoundError, PermissionError) as error:
        raise MissingPartError(f"{command[0]} is not installed", "install libqmi-utils") from error
    except OSError as error:
        raise ToolError(
            f"{command[0]} could not be started: {error}", "look at the host's load"
        ) from error
