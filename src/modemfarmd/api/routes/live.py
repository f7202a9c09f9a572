# SPDX-License-Identifier: GPL-3.0-or-later
"""The WebSocket."""

from __future__ import annotations

from fastapi import APIRouter, WebSocket

from ..live.hub import MOST_CLIENTS, MOST_EACH
from ..live.socket import Socket
from ..problem import ProblemError, response

router = APIRouter()
PROTOCOL = "modemfarm.1"


@router.websocket("/api/ws", name="live")
async def live(websocket: WebSocket) -> None:
    """A snapshot, then every change (docs/api.md)."""
    parts, caller = websocket.app.state.parts, websocket.state.caller
    if not parts.live.hub.room_for(caller.actor):
        many = ProblemError(
            429, f"{caller.actor} has {MOST_EACH} connections, or all have {MOST_CLIENTS}",
            "close some", headers={"Retry-After": "10"},
        )  # fmt: skip
        await websocket.send_denial_response(response(many, caller.correlation))
        return
    offered = websocket.scope.get("subprotocols", [])
    await websocket.accept(subprotocol=PROTOCOL if PROTOCOL in offered else None)
    await Socket(websocket, parts, caller).run()
