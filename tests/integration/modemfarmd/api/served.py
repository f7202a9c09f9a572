# SPDX-License-Identifier: GPL-3.0-or-later
"""The app behind a real uvicorn, set up as modemfarm-api sets it up but for TLS."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from websockets.sync.client import ClientConnection, connect

from modemfarmd.api.limits import LARGEST

from .world import World

WAIT_S = 60.0


class Served:
    """Listens on a port of its own until `stop`."""

    def __init__(self, world: World) -> None:
        self.world = world
        config = uvicorn.Config(
            world.app, lifespan="off", log_config=None, ws="websockets-sansio",
            ws_max_size=LARGEST, ws_per_message_deflate=False, timeout_graceful_shutdown=5,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._socket = socket.create_server(("127.0.0.1", 0))
        # Accepted sockets inherit it; else the kernel keeps megabytes for a client that is stuck.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32_768)
        self.port = self._socket.getsockname()[1]
        serve = self._server.serve([self._socket])
        self._thread = threading.Thread(target=lambda: asyncio.run(serve))
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()

    def ticket(self, headers: dict[str, str]) -> str:
        answer = self.world.client.post("/api/auth/ticket", headers=headers)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["ticket"])

    def connect(self, ticket: str, **more: Any) -> ClientConnection:
        url = f"ws://127.0.0.1:{self.port}/api/ws"
        return connect(
            url,
            subprotocols=["modemfarm.1", f"ticket.{ticket}"],
            proxy=None,
            close_timeout=2,
            **more,
        )

    @contextmanager
    def watching(self, headers: dict[str, str], **wanted: Any) -> Iterator["Watcher"]:
        """Somebody who has subscribed and had his snapshots."""
        with self.connect(self.ticket(headers)) as connection:
            yield Watcher(connection, wanted)


class Watcher:
    """Subscribes, and keeps hello and the snapshots."""

    def __init__(self, connection: ClientConnection, wanted: dict[str, Any]) -> None:
        self.connection = connection
        self.say(type="subscribe", **wanted)
        self.hello = self.next()
        assert self.hello["type"] == "hello"
        self.snapshots: dict[str, list[Any]] = {}
        if not self.hello["resumed"]:
            for _ in self.hello["topics"]:
                snapshot = self.next()
                assert snapshot["type"] == "snapshot"
                self.snapshots[snapshot["topic"]] = snapshot["items"]

    def say(self, **message: Any) -> None:
        self.connection.send(json.dumps(message))

    def next(self, wait: float = WAIT_S) -> dict[str, Any]:
        return dict(json.loads(self.connection.recv(wait)))

    def changes(self, count: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        deadline = time.monotonic() + WAIT_S
        while len(found) < count:
            assert time.monotonic() < deadline, found
            message = self.next()
            if message["type"] == "change":
                found.append(message)
        return found

    def until(self, kind: str) -> dict[str, Any]:
        deadline = time.monotonic() + WAIT_S
        while (message := self.next())["type"] != kind:
            assert time.monotonic() < deadline, message
        return message

    def quiet(self, wait: float = 0.5) -> bool:
        """Does nothing come that is told of the farm?"""
        try:
            while self.next(wait)["type"] == "heartbeat":
                pass
        except TimeoutError:
            return True
        return False
