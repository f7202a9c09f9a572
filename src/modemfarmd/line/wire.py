# SPDX-License-Identifier: GPL-3.0-or-later
"""One line of JSON each way over a Unix socket: reading it with a bound in bytes and in time."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

from modemfarm.errors import InvalidValueError


def read_line(connection: socket.socket, most: int, seconds: float) -> bytes:
    """One line without its end, empty when nothing came.

    InvalidValueError when it is too long or has no end, TimeoutError when it takes too long.
    """
    data = bytearray()
    deadline = time.monotonic() + seconds
    while b"\n" not in data:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"no whole line within {seconds:g} s")
        connection.settimeout(left)
        chunk = connection.recv(65536)
        if not chunk and not data:
            return b""
        if not chunk:
            raise InvalidValueError("line", bytes(data[:60]), "a line with its line end")
        data += chunk
        if len(data) > most:
            raise InvalidValueError("line", f"over {most} bytes", f"at most {most} bytes")
    return bytes(data.partition(b"\n")[0]) or b" "


def parse(line: bytes) -> dict[str, Any]:
    """The JSON object on a line. InvalidValueError for anything else."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidValueError("line", line[:60], "one JSON object on one line") from error
    if not isinstance(document, dict):
        raise InvalidValueError("line", type(document).__name__, "a JSON object")
    return document


def encode(document: dict[str, Any]) -> bytes:
    """The line of a document."""
    return json.dumps(document, separators=(",", ":")).encode("ascii") + b"\n"
