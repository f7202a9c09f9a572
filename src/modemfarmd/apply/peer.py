# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is at the other end of a Unix socket, as the kernel says it."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import socket
import struct
from dataclasses import dataclass

from modemfarm.errors import PermanentError

USER = "modemfarm"
_UCRED = struct.Struct("3i")  # pid, uid, gid (unix(7))


@dataclass(frozen=True)
class Peer:
    """The process that connected, at the moment it did."""

    pid: int
    uid: int
    gid: int


class PeerRefusedError(PermanentError):
    """This user may not have anything applied."""


def peer_of(connection: socket.socket) -> Peer:
    """SO_PEERCRED of a connected Unix socket."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    return Peer(*_UCRED.unpack(raw))


def check_peer(peer: Peer, user: str = USER) -> None:
    """Root, ourselves, and the agent's user may; PeerRefusedError for all others.

    The socket's mode says the same; this holds when somebody loosens it.
    """
    allowed = {0, os.geteuid()}
    with contextlib.suppress(KeyError):  # a host without the agent: root alone
        allowed.add(pwd.getpwnam(user).pw_uid)
    if peer.uid not in allowed:
        raise PeerRefusedError(
            f"uid {peer.uid} may not have modems applied", f"run it as root or {user}"
        )


def group_id(name: str = USER) -> int | None:
    """The gid of a group, None when there is none."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None
