# SPDX-License-Identifier: GPL-3.0-or-later
"""QEMU's human monitor over its Unix socket (QEMU manual, "QEMU Monitor")."""

import re
import socket
from pathlib import Path

from .errors import GuestFailed

PROMPT = b"(qemu) "
ANSWER_S = 120  # savevm of a 3 GiB guest on a busy disk
# The monitor echoes what it gets as a terminal would: cursor movements included.
TERMINAL = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]")


class Monitor:
    """One connection; use it as a context manager."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(ANSWER_S)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise GuestFailed(f"QEMU's monitor {path} does not answer: {error}") from error
        self._until_prompt()

    def __enter__(self) -> "Monitor":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def command(self, line: str) -> str:
        """Run one monitor command and return what it printed; raises GuestFailed on `Error`."""
        self._socket.sendall(line.encode() + b"\n")
        text = self._until_prompt()
        answer = text.split("\n", 1)[1].strip() if "\n" in text else ""
        if answer.startswith("Error"):
            raise GuestFailed(f"QEMU refused {line!r}: {answer}")
        return answer

    def leave(self, line: str = "quit") -> None:
        """Tell QEMU to end; it closes the socket without a prompt."""
        self._socket.sendall(line.encode() + b"\n")

    def _until_prompt(self) -> str:
        data = b""
        while not data.endswith(PROMPT):
            try:
                more = self._socket.recv(65536)
            except TimeoutError as error:
                raise GuestFailed(f"QEMU's monitor said nothing for {ANSWER_S} s") from error
            if not more:
                raise GuestFailed("QEMU closed its monitor; see its log")
            data += more
        return TERMINAL.sub(b"", data[: -len(PROMPT)]).decode(errors="replace").replace("\r", "")
