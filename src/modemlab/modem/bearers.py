# SPDX-License-Identifier: GPL-3.0-or-later
"""Data sessions, one for each QMI client and IP family that asked for one."""

from collections.abc import Callable
from dataclasses import dataclass, field

from modemlab.modem.errors import NoSuchSessionError

HANDLE_BASE = 0x10000000  # packet data handles are opaque; a high bit shows they are not client ids
ALL_HANDLES = 0xFFFFFFFF


@dataclass(frozen=True)
class Session:
    """One running data session; `family` is 4 or 6."""

    client: int
    handle: int
    family: int
    apn: str


def _unheard(_session: Session, _up: bool) -> None:
    """Nobody listens yet."""


@dataclass
class Bearers:
    """The running sessions. `on_change(session, up)` is called after each start and stop."""

    sessions: dict[int, Session] = field(default_factory=dict)
    on_change: Callable[[Session, bool], None] = field(default=_unheard)
    _count: int = 0

    def start(self, client: int, family: int, apn: str) -> Session:
        """Start a session, or give back the one this client already has for this family."""
        for session in self.sessions.values():
            if session.client == client and session.family == family:
                return session
        self._count += 1
        session = Session(client, HANDLE_BASE + self._count, family, apn)
        self.sessions[session.handle] = session
        self.on_change(session, True)
        return session

    def stop(self, handle: int) -> None:
        """Stop one session, or all of them by ALL_HANDLES. Raises NoSuchSessionError."""
        if handle == ALL_HANDLES:
            self.stop_all()
            return
        session = self.sessions.pop(handle, None)
        if session is None:
            raise NoSuchSessionError(f"no session {handle:#x}")
        self.on_change(session, False)

    def stop_client(self, client: int) -> None:
        """Stop what a released client left running."""
        for session in [s for s in self.sessions.values() if s.client == client]:
            self.stop(session.handle)

    def stop_all(self) -> None:
        """Stop every session, as the loss of the network does."""
        for handle in list(self.sessions):
            self.stop(handle)

    def up(self, family: int) -> bool:
        return any(session.family == family for session in self.sessions.values())

    def of_client(self, client: int) -> Session | None:
        """The newest session of a client."""
        mine = [s for s in self.sessions.values() if s.client == client]
        return mine[-1] if mine else None
