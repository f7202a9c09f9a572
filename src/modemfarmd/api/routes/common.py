# SPDX-License-Identifier: GPL-3.0-or-later
"""What endpoints take from the request: who calls, and the parts of the app."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from ..gate import Caller
from ..parts import Parts


def _caller(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


Who = Annotated[Caller, Depends(_caller)]
Has = Annotated[Parts, Depends(_parts)]
