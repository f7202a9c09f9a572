# SPDX-License-Identifier: GPL-3.0-or-later
"""The same action on several modems, each asked for over the API and watched until it ended."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .rest import Answer, Rest

AT_ONCE = 2  # the agent takes two restarts at a time and refuses others at once
LOOK_S = 0.5
LONGEST_S = 480.0  # api.agent.RESTART_S and some


@dataclass(frozen=True)
class Deed:
    """What to ask of /api/modems/{serial}/`what`."""

    method: str
    what: str
    body: dict[str, Any] | None = None


@dataclass(frozen=True)
class Told:
    """What became of one: state done, failed or unknown."""

    serial: str
    state: str
    text: str = ""


@dataclass
class Run:
    """Does it; `stop` keeps what was not begun from being begun."""

    rest: Rest
    deed: Deed
    _stopped: bool = field(default=False, init=False)

    def stop(self) -> None:
        """Begin no more."""
        self._stopped = True

    async def all(self, serials: Sequence[str], tell: Callable[[Told], None]) -> None:
        """Until each has ended; `tell` is called as they end."""
        waiting = list(reversed(serials))

        async def work() -> None:
            while waiting and not self._stopped:
                tell(await self.one(waiting.pop()))

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))

    async def one(self, serial: str) -> Told:
        """One of them. Its key makes sure that asking again does not do it again."""
        deed = self.deed
        path = f"/api/modems/{serial}/{deed.what}"
        answer = await self.rest.call(deed.method, path, deed.body, key=secrets.token_hex(16))
        if not answer.good:
            return Told(serial, "failed", answer.problem)
        return await self._watched(serial, answer)

    async def _watched(self, serial: str, answer: Answer) -> Told:
        loop = asyncio.get_running_loop()
        until = loop.time() + LONGEST_S
        while answer.good and answer.document.get("state") == "running":
            if loop.time() > until:
                return Told(serial, "unknown", "it did not end in time; the audit will tell")
            await asyncio.sleep(LOOK_S)
            answer = await self.rest.get(f"/api/operations/{answer.document['id']}")
        if not answer.good:
            return Told(serial, "unknown", answer.problem)
        return Told(serial, str(answer.document["state"]), _said(answer.document))


def _said(operation: dict[str, Any]) -> str:
    problem = operation.get("problem")
    if problem:
        return f"{problem['detail']}: {problem['remedy']}"
    result = operation.get("result") or {}
    return f"after {result['seconds']:g} s" if "seconds" in result else ""
