# SPDX-License-Identifier: GPL-3.0-or-later
"""Does it answer, and what may be asked?"""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from .. import shapes
from ..openapi import problems
from ..payload import answer, tagged

router = APIRouter(tags=["service"])


@router.get("/api/health", response_model=shapes.Health, responses=problems(), name="health")
def health() -> Response:
    """It answers. That tells whoever has no token nothing of the farm."""
    return answer({"status": "ok"})


@router.get(
    "/api/openapi.json", response_model=dict[str, object], responses=problems(304), name="openapi"
)
def openapi(request: Request) -> Response:
    """This document."""
    return tagged(request, request.app.openapi())
