# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import PlainTextResponse, Response

from ..metrics.collect import scrape
from ..openapi import problems
from .common import Has

router = APIRouter(tags=["service"])


@router.get(
    "/metrics", response_class=PlainTextResponse, responses=problems(401, 403), name="metrics"
)
def metrics(parts: Has) -> Response:
    """The farm in numbers, for a program's token or from one of the networks of the settings."""
    return Response(scrape(parts), 200, media_type=CONTENT_TYPE_LATEST)
