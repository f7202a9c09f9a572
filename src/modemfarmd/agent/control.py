# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's control socket: what people and programs of this host may ask of it.

In:  {"verb": "status"} | {"verb": "hold", "serial", "until", "reason", "by"?} |
     {"verb": "release", "serial", "by"?} | {"verb": "quota", "serial"?} |
     {"verb": "quota-reset", "serial", "periods", "by"?} | {"verb": "resync"} |
     {"verb": "apply", "serials": []}
     and for root and the API, who have asked their caller who he is:
     {"verb": "command", "serial", "command", "role", "by", "correlation"} |
     {"verb": "restart", "serial", "step", "by", "correlation"}
Out: {"ok": true, ...} or {"ok": false, "bad_input": bool, "error", "remedy"}
"""

from __future__ import annotations

import pwd
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from modemfarm import hold as holds
from modemfarm.at.permit import Role
from modemfarm.caller import actor_of, check_actor, check_correlation, user_name
from modemfarm.errors import FarmError, InvalidValueError, NotPermittedError, TransientError
from modemfarm.identity import check_serial
from modemfarm.reset.names import LADDER

from ..apply.peer import Peer
from .deeds import STEP_S, Deeds
from .holds import Holds
from .inbox import Inbox
from .quotas import Quotas
from .volumes import PERIODS

_T = TypeVar("_T")

SOCKET = "agent.sock"
GROUP = "modemfarm"
API_USER = "modemfarm-api"
KIND = "cli"
WORKER_S = 30.0  # the worker looks at its inbox each time it has written: seconds at worst
TELL_S = 5.0  # whoever asks for nonsense without end must not fill the events
ROLES = tuple(role.value for role in Role)
MAX_SERIALS = 256  # twice the largest farm
_FIELDS = {
    "status": frozenset(),
    "hold": frozenset({"serial", "until", "reason", "by"}),
    "release": frozenset({"serial", "by"}),
    "quota": frozenset({"serial"}),
    "quota-reset": frozenset({"serial", "periods", "by"}),
    "resync": frozenset(),
    "apply": frozenset({"serials"}),
    "command": frozenset({"serial", "command", "role", "by", "correlation"}),
    "restart": frozenset({"serial", "step", "by", "correlation"}),
}


class BusyError(TransientError):
    """The worker did not come to it in time."""


class Control:
    """`answer` is called in threads of the line server; the work is done in the worker's."""

    def __init__(
        self,
        inbox: Inbox,
        holds_: Holds,
        status: Callable[[], dict[str, Any]],
        resync: Callable[[], None],
        apply: Callable[[list[str]], int],
        tell: Callable[..., None],
        now: Callable[[], datetime],
        deeds: Deeds,
        wait: float = WORKER_S,
        *,
        quotas: Quotas,
    ) -> None:
        self._inbox = inbox
        self._holds = holds_
        self._status = status
        self._resync = resync
        self._apply = apply
        self._tell = tell
        self._tell_due = 0.0
        self._now = now
        self._deeds = deeds
        self._wait = wait
        self._quotas = quotas

    def answer(self, document: dict[str, Any], peer: Peer) -> dict[str, Any]:
        """Check and do what is asked. FarmError says why not; bad input is an event as well."""
        try:
            return self._answer(document, peer)
        except InvalidValueError as error:
            if time.monotonic() >= self._tell_due:
                self._tell_due = time.monotonic() + TELL_S
                refused = partial(
                    self._tell, "request-refused", None, reason=error.message,
                    by=user_name(peer.uid),
                )  # fmt: skip
                self._inbox.post(refused)
            raise

    def _answer(self, document: dict[str, Any], peer: Peer) -> dict[str, Any]:
        verb = document.get("verb")
        if not isinstance(verb, str) or verb not in _FIELDS:
            raise InvalidValueError("verb", verb, ", ".join(_FIELDS))
        for name in document.keys() - {"verb"}:
            if name not in _FIELDS[verb]:
                raise InvalidValueError("field name", name, ", ".join(sorted(_FIELDS[verb])))
        if verb == "status":
            return {"status": self._worker(self._status)}
        if verb == "resync":
            self._worker(self._resync)
            return {}
        if verb == "apply":
            serials = _serials(document.get("serials"))
            return {"queued": self._worker(lambda: self._apply(serials))}
        if verb in ("quota", "quota-reset"):
            return self._quota(verb, document, peer)
        if verb in ("command", "restart"):
            return self._deed(verb, document, peer)
        return self._hold(verb, document, peer)

    def _deed(self, verb: str, document: dict[str, Any], peer: Peer) -> dict[str, Any]:
        if not may_speak_for_others(peer):
            raise NotPermittedError(
                f"uid {peer.uid} may not do this over the socket", "modemfarm at, or the API"
            )
        serial = check_serial(document.get("serial"))
        by = check_actor(document.get("by"), "by")
        correlation = check_correlation(document.get("correlation"))
        if verb == "command":
            command, role = document.get("command"), document.get("role")
            if not isinstance(command, str):
                raise InvalidValueError("command", command, "an AT command")
            if role not in ROLES:
                raise InvalidValueError("role", role, ", ".join(ROLES))
            return self._deeds.command(serial, command, Role(role), by, correlation)
        step = document.get("step")
        if step not in LADDER:
            raise InvalidValueError("step", step, ", ".join(LADDER))
        ended = self._worker(lambda: self._deeds.begin(serial, str(step), by, correlation))
        try:
            return ended.result(STEP_S)
        except TimeoutError as error:
            raise BusyError(f"{step} did not end within {STEP_S:g} s", "look again") from error

    def _quota(self, verb: str, document: dict[str, Any], peer: Peer) -> dict[str, Any]:
        said = document.get("serial")
        if verb == "quota":
            serial = None if said is None else check_serial(said)
            return {"modems": self._worker(lambda: self._quotas.rows(serial))}
        serial, by = check_serial(said), actor(document.get("by"), peer)
        periods = document.get("periods")
        if not isinstance(periods, list) or not periods or not set(periods) <= set(PERIODS):
            raise InvalidValueError("periods", periods, f"a list of {', '.join(PERIODS)}")
        return {"modem": self._worker(lambda: self._quotas.reset(serial, periods, by))}

    def _hold(self, verb: str, document: dict[str, Any], peer: Peer) -> dict[str, Any]:
        serial = check_serial(document.get("serial"))
        by = actor(document.get("by"), peer)
        if verb == "release":
            self._worker(lambda: self._holds.release(serial, by))
            return {"serial": serial, "hold": None}
        until = holds.parse_time(document.get("until"))
        hold = holds.place(until, by, document.get("reason"), self._now())
        self._worker(lambda: self._holds.place(serial, hold))
        return {"serial": serial, "hold": hold.as_dict()}

    def _worker(self, task: Callable[[], _T]) -> _T:
        """Have the worker do it, and wait for what comes of it."""
        future: Future[_T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return  # nobody waits any more: it must not happen behind the caller's back
            try:
                future.set_result(task())
            except FarmError as error:
                future.set_exception(error)

        self._inbox.post(run)
        try:
            return future.result(self._wait)
        except TimeoutError as error:
            if not future.cancel():
                return future.result(self._wait)
            raise BusyError(
                f"the agent did not come to it within {self._wait:g} s", "try again"
            ) from error


def actor(said: object, peer: Peer) -> str:
    """Who asks: what root (sudo) and the API say, else the user that the kernel names."""
    if said is not None and may_speak_for_others(peer):
        return check_actor(said, "by")
    return actor_of(KIND, user_name(peer.uid))


def may_speak_for_others(peer: Peer) -> bool:
    """Root and the API ask for people whom they know and the kernel does not."""
    if peer.uid == 0:
        return True
    try:
        return peer.uid == pwd.getpwnam(API_USER).pw_uid
    except KeyError:
        return False


def _serials(value: object) -> list[str]:
    if not isinstance(value, list) or len(value) > MAX_SERIALS:
        raise InvalidValueError("serials", value, f"a list of at most {MAX_SERIALS} IMEIs")
    return sorted({check_serial(item, "serials") for item in value})
