# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a line server: one line of JSON there, one back."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from modemfarm.errors import InvalidValueError, NotPermittedError, TransientError

from ..text import printable
from .wire import encode, parse, read_line

MAX_ANSWER = 4_000_000  # the status of 120 modems is 60 kB


class NoServerError(TransientError):
    """Nobody answers at the socket."""


class RefusedError(TransientError):
    """The answer says no."""


class BadInputError(InvalidValueError):
    """The answer says that a value is outside what is allowed."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__("value", None, "")
        self.args = (message,)
        self.message, self.remedy = message, remedy


def ask(path: Path, document: dict[str, Any], seconds: float, who: str) -> dict[str, Any]:
    """The answer of `who` listens at `path`. NoServerError, NotPermittedError; RefusedError and
    BadInputError when it says no.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(seconds)
            connection.connect(str(path))
            connection.sendall(encode(document))
            line = read_line(connection, MAX_ANSWER, seconds)
    except PermissionError as error:
        raise NotPermittedError(
            f"no right to ask {who} at {path}", "run it with sudo, or as a member of modemfarm"
        ) from error
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise NoServerError(
            f"{who} does not run: nobody listens at {path}", f"systemctl status {who}"
        ) from error
    except OSError as error:
        said = error.strerror or str(error) or type(error).__name__
        raise NoServerError(
            f"{who} did not answer at {path}: {said}", f"journalctl -u {who}"
        ) from error
    return _checked(parse(line) if line else {}, who)


def _checked(answer: dict[str, Any], who: str) -> dict[str, Any]:
    if answer.get("ok") is True:
        return answer
    message = printable(answer.get("error") or f"{who} broke off its answer")
    remedy = printable(answer.get("remedy") or f"journalctl -u {who}")
    if answer.get("bad_input") is True:
        raise BadInputError(message, remedy)
    raise RefusedError(message, remedy)
