# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers the changes, keeps the present state and the newest changes, and tells the clients.

Everything is in memory: who comes gets a snapshot and what follows it without a gap, and a
thousand that come at once cost the database nothing.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..payload import encode
from .change import MODEMS, TOPICS, Change
from .client import Client

VERSION = 1
KEPT = 200  # rows of events, logs and operations that a snapshot may have; REST has all
MOST_KEPT = 5_000  # changes that can be resumed: 30 modems that change each second for 2 minutes
MOST_KEPT_BYTES = 4 * 1024 * 1024
MOST_CLIENTS = 600
MOST_EACH = 50  # of one caller


@dataclass(frozen=True)
class Told:
    """A change with its number and its texts."""

    seq: int
    change: Change
    item: str
    text: str


class Hub:
    """Any thread may call it."""

    def __init__(self) -> None:
        self.epoch = secrets.token_hex(8)  # numbers of another run mean nothing here
        self.seq = 0
        self.fresh = False
        self._lock = threading.RLock()
        self._clients: set[Client] = set()
        self._recent: deque[Told] = deque()
        self._recent_bytes = 0
        self._state: dict[str, OrderedDict[str, Told]] = {name: OrderedDict() for name in TOPICS}

    def publish(self, changes: Sequence[Change]) -> None:
        """Number them and tell whoever is shown them."""
        if not changes:
            return
        with self._lock:
            told = [self._numbered(change) for change in changes]
            for client in self._clients:
                shows = client.view.shows
                texts = [entry.text for entry in told if shows(entry.change)]
                if texts:
                    client.offer(texts)

    def known(self, topic: str) -> dict[str, dict[str, object] | None]:
        """The rows of a topic as they were told last, by key."""
        with self._lock:
            return {key: told.change.item for key, told in self._state[topic].items()}

    def refresh(self, fresh: bool) -> None:
        """What is told is as the database says, or it is away and this may be old."""
        with self._lock:
            if fresh is self.fresh:
                return
            self.fresh = fresh
            text = _text(type="fresh" if fresh else "stale", seq=self.seq)
            for client in self._clients:
                client.offer([text])

    def join(self, client: Client, epoch: str | None, seq: int) -> list[str]:
        """What the client gets first: hello, and what it has missed, or a snapshot of each topic.

        Whatever changes from now on is in its queue.
        """
        with self._lock:
            missed = self._missed(epoch, seq)
            view = client.view
            self._clients.add(client)
            hello = _text(
                type="hello", version=VERSION, epoch=self.epoch, seq=self.seq,
                resumed=missed is not None, fresh=self.fresh, topics=sorted(view.topics),
                expires=view.who.expires,
            )  # fmt: skip
            if missed is not None:
                return [hello, *(told.text for told in missed if view.shows(told.change))]
            topics = [name for name in TOPICS if name in view.topics]
            return [hello, *(self._snapshot(name, client) for name in topics)]

    def leave(self, client: Client) -> None:
        """It is told nothing more."""
        with self._lock:
            self._clients.discard(client)

    def room_for(self, actor: str) -> bool:
        """May this caller have one more?"""
        with self._lock:
            each = Counter(client.view.who.actor for client in self._clients)
            return len(self._clients) < MOST_CLIENTS and each[actor] < MOST_EACH

    def clients(self) -> list[Client]:
        """Those that are there."""
        with self._lock:
            return list(self._clients)

    def heartbeat(self, client: Client) -> str | None:
        """For a client that has been sent everything; its number is where it may resume."""
        with self._lock:
            if not client.idle:
                return None
            return _text(type="heartbeat", seq=self.seq, fresh=self.fresh)

    def _numbered(self, change: Change) -> Told:
        self.seq += 1
        item = encode(change.item).decode()
        head = json.dumps({"type": "change", "topic": change.topic, "seq": self.seq,
                           "key": change.key, "serial": change.serial})  # fmt: skip
        told = Told(self.seq, change, item, f'{head[:-1]}, "item": {item}}}')
        self._recent.append(told)
        self._recent_bytes += len(told.text)
        while len(self._recent) > MOST_KEPT or self._recent_bytes > MOST_KEPT_BYTES:
            self._recent_bytes -= len(self._recent.popleft().text)
        self._remember(told)
        return told

    def _remember(self, told: Told) -> None:
        rows = self._state[told.change.topic]
        rows.pop(told.change.key, None)
        if told.change.item is not None:
            rows[told.change.key] = told
        while told.change.topic != MODEMS and len(rows) > KEPT:
            rows.popitem(last=False)

    def _missed(self, epoch: str | None, seq: int) -> Iterable[Told] | None:
        """None when some of it is not kept, or the number is none of ours."""
        if epoch != self.epoch or not 0 <= seq <= self.seq:
            return None
        oldest = self._recent[0].seq if self._recent else self.seq + 1
        return [told for told in self._recent if told.seq > seq] if seq + 1 >= oldest else None

    def _snapshot(self, topic: str, client: Client) -> str:
        shown = [told.item for told in self._state[topic].values()
                 if client.view.shows(told.change)]  # fmt: skip
        head = json.dumps({"type": "snapshot", "topic": topic, "seq": self.seq})
        return f'{head[:-1]}, "items": [{",".join(shown)}]}}'


def _text(**fields: object) -> str:
    return encode(fields).decode()
