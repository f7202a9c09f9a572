# SPDX-License-Identifier: GPL-3.0-or-later
"""compute(current, wanted) → changes, and carrying one out. A change is written only when the
modem's own answer differs, and counts only when it reads back.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from ..at import lifecycle
from ..at.commands import bearer, config, operator
from ..at.commands.operator import Selection
from ..at.lifecycle import ScanMode
from ..at.session import AtSession
from ..errors import AnswerUnreadableError
from .wanted import AUTOMATIC, Wanted

CONTEXT = 1  # the PDP context that QMI's default profile and LTE attach use


@dataclass(frozen=True)
class Change:
    """One setting that is not as wanted. Values are plain."""

    name: str
    before: Any
    after: Any

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and Ansible."""
        return asdict(self)


@dataclass(frozen=True)
class Setting:
    """How one setting is read, what of Wanted it is compared with, and how it is written."""

    name: str
    wanted: Callable[[Wanted], Any]
    read: Callable[[AtSession], Any]
    write: Callable[[AtSession, Any], object]

    def change(self, session: AtSession, wanted: Wanted) -> Change | None:
        """The difference; None when there is none or nothing is wanted."""
        after = self.wanted(wanted)
        if after is None:
            return None
        before = self.read(session)
        if self.name == "apn" and after["pdp_type"] is None:
            after = {**after, "pdp_type": (before or after)["pdp_type"] or "IP"}
        return None if before == after else Change(self.name, before, after)

    def carry_out(self, session: AtSession, change: Change) -> None:
        """Write it and read it back. AnswerUnreadableError when it did not take."""
        self.write(session, change.after)
        found = self.read(session)
        if found != change.after:
            raise AnswerUnreadableError(
                f"{self.name} is {found!r} after it was set to {change.after!r}",
                "the modem or its network does not take this value; see modem_info",
            )


def _wanted_apn(wanted: Wanted) -> dict[str, str | None] | None:
    return None if wanted.apn is None else {"apn": wanted.apn, "pdp_type": wanted.pdp_type}


def _read_apn(session: AtSession) -> dict[str, str | None] | None:
    found = {context.number: context for context in bearer.contexts(session)}.get(CONTEXT)
    return None if found is None else {"apn": found.apn, "pdp_type": found.kind}


def _write_apn(session: AtSession, value: dict[str, str]) -> None:
    """A context in use cannot be changed, and LTE attaches with it: the radio goes off meanwhile.

    The agent brings the bearer back when the modem is registered again.
    """
    used = any(c.active for c in bearer.active_contexts(session) if c.number == CONTEXT)
    if used:
        session.send(lifecycle.airplane())
    try:
        bearer.define_context(session, CONTEXT, value["pdp_type"], value["apn"])
    finally:
        if used:
            session.send(lifecycle.radio_on())


def _read_operator(session: AtSession) -> str:
    session.command("AT+COPS=3,2")  # digits; a name is spelled as every network likes
    try:
        found = operator.operator(session)
    finally:
        session.command("AT+COPS=3,0")
    if found.selection is Selection.AUTOMATIC:
        return AUTOMATIC
    return found.plmn or f"{found.selection.name.lower()}, in no network"


def _write_operator(session: AtSession, value: str) -> None:
    if value == AUTOMATIC:
        operator.choose_automatically(session)
    else:
        operator.choose(session, value)


def _write_scan_mode(session: AtSession, value: str) -> None:
    session.send(lifecycle.set_scan_mode(ScanMode[value.upper()]))


def _write_bands(session: AtSession, value: list[int]) -> None:
    session.send(lifecycle.set_bands(value))


SETTINGS = (
    Setting("apn", _wanted_apn, _read_apn, _write_apn),
    Setting(
        "scan_mode",
        lambda wanted: wanted.scan_mode,
        lambda session: config.scan_mode(session).name.lower(),
        _write_scan_mode,
    ),
    Setting(
        "lte_bands",
        lambda wanted: wanted.lte_bands and list(wanted.lte_bands),
        lambda session: list(config.bands(session).lte),
        _write_bands,
    ),
    Setting("operator", lambda wanted: wanted.operator, _read_operator, _write_operator),
)
