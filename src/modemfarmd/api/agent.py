# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API asks of its host's agent, over the agent's control socket."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from modemfarm.at.permit import Role

from ..line.client import ask

WHO = "modemfarm-agent"
ANSWER_S = 60.0  # the agent answers when a hold is on its disk; it may be waiting for a database
COMMAND_S = 240.0  # AT+COPS=? may take 180 s, and the port may be busy before it
RESTART_S = 420.0  # the apply service ends a step after 270 s and lets it unwind


class Agent(Protocol):
    """Each method raises FarmError: NoServerError, RefusedError or BadInputError."""

    def hold(self, serial: str, until: datetime, reason: str, by: str) -> dict[str, Any]:
        """{serial, hold}."""

    def release(self, serial: str, by: str) -> dict[str, Any]:
        """{serial, hold}."""

    def command(
        self, serial: str, command: str, role: Role, by: str, correlation: str
    ) -> dict[str, Any]:
        """{command, lines, result, error, milliseconds} as modem_at gives them."""

    def restart(self, serial: str, step: str, by: str, correlation: str) -> dict[str, Any]:
        """{serial, step, seconds}, when the step has ended."""


class AgentLine:
    """The agent behind the socket at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def hold(self, serial: str, until: datetime, reason: str, by: str) -> dict[str, Any]:
        """See Agent."""
        asked = {"serial": serial, "until": until.isoformat(), "reason": reason, "by": by}
        return self._ask("hold", asked, ANSWER_S)

    def release(self, serial: str, by: str) -> dict[str, Any]:
        """See Agent."""
        return self._ask("release", {"serial": serial, "by": by}, ANSWER_S)

    def command(
        self, serial: str, command: str, role: Role, by: str, correlation: str
    ) -> dict[str, Any]:
        """See Agent."""
        asked = {"serial": serial, "command": command, "role": role.value, "by": by,
                 "correlation": correlation}  # fmt: skip
        return self._ask("command", asked, COMMAND_S)

    def restart(self, serial: str, step: str, by: str, correlation: str) -> dict[str, Any]:
        """See Agent."""
        asked = {"serial": serial, "step": step, "by": by, "correlation": correlation}
        return self._ask("restart", asked, RESTART_S)

    def _ask(self, verb: str, asked: dict[str, Any], seconds: float) -> dict[str, Any]:
        answer = ask(self._path, {"verb": verb, **asked}, seconds, WHO)
        return {name: value for name, value in answer.items() if name != "ok"}
