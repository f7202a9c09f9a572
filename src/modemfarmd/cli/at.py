# SPDX-License-Identifier: GPL-3.0-or-later
"""One AT command on a bare port."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from modemfarm.at import policy
from modemfarm.at.permit import Permit, Role
from modemfarm.at.session import AtSession
from modemfarm.errors import CommandFailedError, FarmError, InvalidValueError


def run_at(
    device: Path, command: str, role: Role, timeout: float | None, wait: float
) -> dict[str, Any]:
    """{command, lines, result, error, milliseconds}; result is OK, ERROR or null (no answer).

    InvalidValueError for what is no port, CommandRefusedError for what the role may not send.
    `timeout` in seconds, None for what the command itself may take; `wait` for the port.
    milliseconds are those of the command alone, 0 when it was not sent.
    """
    permit = policy.permit(command, role)
    if timeout is not None:
        permit = replace(permit, timeout=timeout)
    if not _is_terminal(device):
        raise InvalidValueError("--device", str(device), "a serial port such as /dev/ttyUSB3")
    said: dict[str, Any] = {"command": permit.shown, "lines": [], "result": None, "error": None}
    seconds = 0.0
    try:
        with AtSession(str(device), wait=wait) as session:
            session.sync()  # leftovers of another program must not become its answer
            started = time.monotonic()
            try:
                said |= _answer(session, permit)
            finally:
                seconds = time.monotonic() - started
    except FarmError as failure:
        said["error"] = failure.message
    return {**said, "milliseconds": round(seconds * 1000, 1)}


def _answer(session: AtSession, permit: Permit) -> dict[str, Any]:
    try:
        return {"lines": list(session.send(permit).lines), "result": "OK"}
    except CommandFailedError as failure:
        return {"result": "ERROR", "error": failure.message}


def _is_terminal(device: Path) -> bool:
    try:
        handle = os.open(device, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        return device.is_char_device()  # held by somebody else: the session says by whom
    try:
        return os.isatty(handle)
    finally:
        os.close(handle)
