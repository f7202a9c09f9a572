# SPDX-License-Identifier: GPL-3.0-or-later
"""Who speaks to a modem, and in which run: the two fields that join the rows of one action.

Both are chosen by the caller and end up in a database, on terminals and in a console, so they are
short and plain ASCII.
"""

import os
import pwd
import re
import secrets
from collections.abc import Mapping

from .errors import InvalidValueError

CORRELATION_VARIABLE = "MODEMFARM_CORRELATION"  # an enclosing run hands its own id down by this
LONGEST = 64  # characters of an actor or a correlation id; the table allows no more
_CORRELATION = re.compile(r"[0-9a-zA-Z-]{1,64}\Z")
_ACTOR = re.compile(r"[a-z]{1,16}(:[!-~]{1,47})?\Z")
_ODD = re.compile(r"[^!-~]")


def new_correlation() -> str:
    """An id of one action, 16 hex digits."""
    return secrets.token_hex(8)


def check_correlation(value: object, field: str = "correlation") -> str:
    """Return the id or raise InvalidValueError."""
    if not isinstance(value, str) or not _CORRELATION.match(value):
        raise InvalidValueError(field, value, "1 to 64 ASCII letters, digits or hyphens")
    return value


def correlation(environ: Mapping[str, str] = os.environ) -> str:
    """The id of the enclosing run if there is one, else a new one. InvalidValueError."""
    given = environ.get(CORRELATION_VARIABLE)
    return check_correlation(given, CORRELATION_VARIABLE) if given else new_correlation()


def check_actor(value: object, field: str = "actor") -> str:
    """Return the actor or raise InvalidValueError."""
    if not isinstance(value, str) or not _ACTOR.match(value):
        raise InvalidValueError(field, value, "a name such as agent, cli:alice or ansible:root")
    return value


def actor_of(kind: str, name: str) -> str:
    """`kind:name`; what is not plain in the name becomes a question mark."""
    return check_actor(f"{kind}:{_ODD.sub('?', name)[: LONGEST - 17] or '?'}")


def actor_here(kind: str, environ: Mapping[str, str] = os.environ) -> str:
    """`kind:` and the user of this process; for root by sudo, the person who called sudo."""
    uid = os.getuid()
    behind = environ.get("SUDO_USER") if uid == 0 else None
    return actor_of(kind, behind or user_name(uid))


def user_name(uid: int) -> str:
    """The login name of a uid, or `uid-N` for one that has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid-{uid}"
