# SPDX-License-Identifier: GPL-3.0-or-later
"""One AT command on a bare port."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from modemfarm.at import policy
from modemfarm.at.permit import Role
from modemfarm.at.session import AtSession
from modemfarm.errors import CommandFailedError, FarmError, InvalidValueError


def run_at(device: Path, command: str, role: Role, timeout: float | None) -> dict[str, Any]:
    """{command, lines, result, error, milliseconds}; result is OK, ERROR or null (no answer).

    InvalidValueError for what is no port, CommandRefusedError for what the role may not send.
    `timeout` in seconds, None for what the command itself may take.
    """
    permit = policy.permit(command, role)
    if timeout is not None:
        permit = replace(permit, timeout=timeout)
    if not _is_terminal(device):
        raise InvalidValueError("--device", str(device), "a serial port such as /dev/ttyUSB3")
    started = time.monotonic()
    lines: tuple[str, ...] = ()
    result, error = None, None
    try:
        with AtSession(str(device)) as session:
            lines = session.send(permit).lines
            result = "OK"
    except CommandFailedError as failure:
        result, error = "ERROR", failure.message
    except FarmError as failure:
        error = failure.message
    milliseconds = round((time.monotonic() - started) * 1000, 1)
    return {
        "command": permit.shown,
        "lines": list(lines),
        "result": result,
        "error": error,
        "milliseconds": milliseconds,
    }


def _is_terminal(device: Path) -> bool:
    try:
        handle = os.open(device, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        return device.is_char_device()  # held by somebody else: the session says by whom
    try:
        return os.isatty(handle)
    finally:
        os.close(handle)
