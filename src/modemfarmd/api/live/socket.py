# SPDX-License-Identifier: GPL-3.0-or-later
"""One WebSocket from its subscription to its end."""

from __future__ import annotations

import asyncio
import contextlib
import time

from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from modemfarm.errors import FarmError

from ...registry.tickets import TicketBook
from ..accounts.principal import Principal
from ..accounts.tickets import Tickets
from ..accounts.tokens import BadTokenError
from ..gate import Caller
from ..parts import Parts
from ..payload import encode
from ..problem import ProblemError, as_problem
from . import messages
from .change import LOGS, TOPICS, View, may_read_logs
from .client import Client
from .codes import Close
from .feed import judge
from .messages import BadMessageError, Renew, Subscribe

SUBSCRIBE_S = 10.0
HEARTBEAT_S = 10.0  # a page says that it is stale after two of them
SEND_S = 10.0  # the client takes nothing for so long
CLOSE_S = 5.0
MOST_SAID = 60  # messages of a client in a minute
BREATH = 50  # texts that are sent before others have their turn


class CloseError(Exception):
    """Ends the connection with this code."""

    def __init__(self, code: Close, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Socket:
    """`run` serves the accepted WebSocket of a caller whom the gate has let in."""

    def __init__(self, websocket: WebSocket, parts: Parts, caller: Caller) -> None:
        self._websocket = websocket
        self._parts = parts
        self._hub = parts.live.hub
        self._who = caller.principal
        self._expires = caller.principal.expires
        self._resume: tuple[str | None, int] = (None, 0)
        self._said: list[float] = []

    async def run(self) -> None:
        """Until either side ends it."""
        try:
            await self._serve()
        except CloseError as error:
            await self._close(error.code, error.reason)
        except WebSocketDisconnect:
            return

    async def _serve(self) -> None:
        if not await run_in_threadpool(self._parts.live.begin):
            raise CloseError(Close.LATER, "the database is away; try again")
        client = Client(self._view(await self._subscription()))
        opening = self._hub.join(client, *self._resume)
        try:
            # What was changed since the ticket was used was notified before the client was there.
            await run_in_threadpool(self._check_again, client)
            await self._both(client, opening)
        finally:
            self._hub.leave(client)

    async def _subscription(self) -> Subscribe:
        try:
            async with asyncio.timeout(SUBSCRIBE_S):
                found = messages.first(await self._receive())
        except TimeoutError:
            raise CloseError(Close.SILENT, f"no subscription within {SUBSCRIBE_S:g} s") from None
        except BadMessageError as error:
            raise CloseError(Close.BAD_MESSAGE, str(error)) from error
        if found.resume is not None:
            self._resume = (found.resume.epoch, found.resume.seq)
        return found

    def _view(self, wanted: Subscribe) -> View:
        topics = frozenset(wanted.topics or TOPICS)
        if LOGS in topics and not may_read_logs(self._who):
            if wanted.topics is not None:
                raise CloseError(Close.FORBIDDEN, "logs need the role operator")
            topics -= {LOGS}
        serials = None if wanted.serials is None else frozenset(wanted.serials)
        kinds = None if wanted.kinds is None else frozenset(wanted.kinds)
        return View(self._who, topics, serials, kinds)

    def _check_again(self, client: Client) -> None:
        who = client.view.who
        sessions, programs = ([key] if key else [] for key in (who.session, who.program))
        with contextlib.suppress(FarmError), self._parts.pool.database() as database:
            doors = TicketBook(database).doors(sessions, programs, self._parts.now())
            judge(client, doors.get(str(who.session or who.program)))

    async def _both(self, client: Client, opening: list[str]) -> None:
        tasks = [asyncio.create_task(self._write(client, opening)),
                 asyncio.create_task(self._read(client))]  # fmt: skip
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    async def _write(self, client: Client, opening: list[str]) -> None:
        for number, text in enumerate(opening):
            if client.end is not None:
                break
            await self._send(text, number)
        opening.clear()
        beat, number = time.monotonic() + HEARTBEAT_S, 0
        while True:
            left = (self._expires - self._parts.now()).total_seconds()
            if left <= 0:
                client.close(Close.ENDED, "the token has ended")
            if client.end is not None:
                raise CloseError(*client.end)
            due = client.take()
            if due is None and time.monotonic() >= beat:
                due, beat = self._hub.heartbeat(client), time.monotonic() + HEARTBEAT_S
            if due is None:
                await client.wait(min(left, beat - time.monotonic()))
                continue
            number += 1
            await self._send(due, number)

    async def _send(self, text: str, number: int) -> None:
        try:
            async with asyncio.timeout(SEND_S):
                await self._websocket.send_text(text)
        except TimeoutError:
            raise CloseError(Close.SLOW, f"nothing was read for {SEND_S:g} s") from None
        if number % BREATH == 0:
            await asyncio.sleep(0)

    async def _read(self, client: Client) -> None:
        while True:
            text = await self._receive()
            now = time.monotonic()
            self._said = [*(at for at in self._said if at > now - 60), now]
            if len(self._said) > MOST_SAID:
                raise CloseError(Close.TOO_MANY, f"more than {MOST_SAID} messages in a minute")
            try:
                message = messages.later(text)
            except BadMessageError as error:
                raise CloseError(Close.BAD_MESSAGE, str(error)) from error
            if isinstance(message, Renew):
                await self._renew(client, message.ticket)

    async def _receive(self) -> str | None:
        """A text; None for bytes."""
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        text: str | None = message.get("text")
        return text

    async def _renew(self, client: Client, ticket: str) -> None:
        try:
            found = await run_in_threadpool(Tickets(self._parts).use, ticket)
        except BadTokenError as error:
            raise CloseError(Close.ENDED, error.message) from error
        except FarmError as error:
            client.offer([_problem(as_problem(error))])
            return
        if not _same(found, self._who):
            raise CloseError(Close.CHANGED, "the ticket is of another log-in or has other rights")
        self._expires = max(self._expires, found.expires)
        client.offer([encode({"type": "renewed", "expires": self._expires}).decode()])

    async def _close(self, code: Close, reason: str) -> None:
        """Say why; whoever does not read it within CLOSE_S is cut off."""
        if self._websocket.application_state is not WebSocketState.CONNECTED:
            return
        with contextlib.suppress(TimeoutError, WebSocketDisconnect):
            async with asyncio.timeout(CLOSE_S):
                await self._websocket.close(code, reason)


def _same(found: Principal, who: Principal) -> bool:
    mine = (who.session, who.program, who.role, who.modems)
    return (found.session, found.program, found.role, found.modems) == mine


def _problem(error: ProblemError) -> str:
    fields = {"status": error.status, "detail": error.message, "remedy": error.remedy}
    return encode({"type": "problem"} | fields).decode()
