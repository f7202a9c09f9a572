# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording played back: the n-th time a command is asked, it gets its n-th recorded answer.

The last answer is repeated. What was heard unasked comes again behind the answer it stood behind,
once; what was heard before the first command comes before the first answer.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from modemlab.recording.format import Exchange, Piece, Recording


@dataclass(frozen=True)
class Turn:
    """What to send: the answer, after which the next command may run, and what was heard later.

    All times are milliseconds after the command.
    """

    answer: tuple[Piece, ...]
    heard: tuple[Piece, ...] = ()


def _key(line: str) -> str:
    """Commands are the same whatever their case, as for a modem."""
    return line.strip().upper()


class Replay:
    """The state of one port that plays a recording."""

    def __init__(self, recording: Recording) -> None:
        self._turns: defaultdict[str, list[tuple[Turn, Turn]]] = defaultdict(list)
        self._asked: Counter[str] = Counter()
        self._lead: tuple[Piece, ...] = ()
        self._load(recording)

    def answer(self, line: str) -> Turn | None:
        """The turn for a command line, None when the recording does not have it."""
        key = _key(line)
        turns = self._turns.get(key)
        if not turns:
            return None
        count = self._asked[key]
        self._asked[key] += 1
        first_time, repeated = turns[min(count, len(turns) - 1)]
        turn = first_time if count < len(turns) else repeated
        lead, self._lead = self._lead, ()
        return Turn(lead + turn.answer, turn.heard)

    def _load(self, recording: Recording) -> None:
        """Join each exchange with what was heard behind it."""
        entries = list(recording.entries)
        while entries and isinstance(entries[0], Piece):
            self._lead += (Piece(0, entries.pop(0).data),)
        for index, entry in enumerate(entries):
            if isinstance(entry, Exchange):
                self._turns[_key(entry.ask)].append(_turns(entry, entries[index + 1 :]))


def _turns(exchange: Exchange, behind: list[Exchange | Piece]) -> tuple[Turn, Turn]:
    """The turn with what was heard behind it, and without."""
    heard: list[Piece] = []
    now = exchange.gave_up_ms or (exchange.answer[-1].ms if exchange.answer else 0)
    for entry in behind:
        if isinstance(entry, Exchange):
            break
        now += entry.ms
        heard.append(Piece(now, entry.data))
    return Turn(exchange.answer, tuple(heard)), Turn(exchange.answer)
