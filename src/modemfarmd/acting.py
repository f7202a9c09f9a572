# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL tells people apart by their system user (peer), so root becomes one for a while."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def acting_as(user: str) -> Iterator[None]:
    """Root is that system user meanwhile, where there is one; anybody else stays who he is."""
    try:
        uid = pwd.getpwnam(user).pw_uid if os.geteuid() == 0 else None
    except KeyError:
        uid = None
    if uid is None:
        yield
        return
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
