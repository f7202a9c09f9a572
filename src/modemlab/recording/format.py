# SPDX-License-Identifier: GPL-3.0-or-later
"""A recorded conversation as a file: JSON lines, a header first, then what happened in order.

    {"format": "modemfarm-recording", "version": 1, "device": {…}, "anonymised": true}
    {"ask": "AT+CSQ", "answer": [[3, "AT+CSQ\\r"], [9, "\\r\\n+CSQ: 20,99\\r\\n\\r\\nOK\\r\\n"]]}
    {"heard": "\\r\\n+QIND: \\"csq\\",20,99\\r\\n", "ms": 250}
    {"ask": "AT+COPS?", "answer": [], "gave_up_ms": 5000}

An answer is pieces as they were read: milliseconds after the command, and bytes as text (each
character is the byte of the same number). `heard` came unasked, so long after what stands before.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from modemlab.modem.errors import LabError

FORMAT, VERSION = "modemfarm-recording", 1
MAX_BYTES = 10_000_000  # hours of a noisy port; more is no recording of ours
MAX_MS = 3_600_000
MAX_ASK = 512
FIFTEEN = re.compile(rb"(?<!\d)(\d{15})(?!\d)")
IDENTITIES = {
    "AT+CGSN": ("imei", FIFTEEN),
    "AT+CIMI": ("imsi", FIFTEEN),
    "AT+QCCID": ("iccid", re.compile(rb"(?<!\d)(\d{18,20})(?!\d)")),
}
HEADER_FIELDS = {"format", "version", "device", "anonymised"}


class RecordingError(LabError):
    """A recording cannot be used: names line, field, value and what is allowed."""


@dataclass(frozen=True)
class Piece:
    """Some bytes, so many milliseconds after what they follow."""

    ms: int
    data: bytes


@dataclass(frozen=True)
class Exchange:
    """A command and what came back; `gave_up_ms` is set when no final result came until then."""

    ask: str
    answer: tuple[Piece, ...]
    gave_up_ms: int | None = None

    @property
    def data(self) -> bytes:
        """All bytes of the answer."""
        return b"".join(piece.data for piece in self.answer)


Entry = Exchange | Piece  # a Piece was heard unasked


@dataclass(frozen=True)
class Recording:
    """What a file holds. `device` are facts about the modem, for people."""

    entries: tuple[Entry, ...]
    device: dict[str, str] = field(default_factory=dict)
    anonymised: bool = False

    @property
    def identity(self) -> dict[str, str]:
        """imei, iccid and imsi, as far as they were asked for and told."""
        found = {}
        for exchange in self.exchanges:
            name, pattern = IDENTITIES.get(exchange.ask.upper(), ("", FIFTEEN))
            match = pattern.search(exchange.data)
            if name and match and name not in found:
                found[name] = match[1].decode()
        return found

    @property
    def exchanges(self) -> list[Exchange]:
        return [entry for entry in self.entries if isinstance(entry, Exchange)]


def dump(recording: Recording) -> str:
    """The text of the file."""
    header = {"format": FORMAT, "version": VERSION, "device": recording.device,
              "anonymised": recording.anonymised}  # fmt: skip
    rows = [header, *(_row(entry) for entry in recording.entries)]
    return "".join(json.dumps(row) + "\n" for row in rows)


def parse(text: str) -> Recording:
    """Read the text of a file. Raises RecordingError."""
    if len(text) > MAX_BYTES:
        raise RecordingError(f"the recording has {len(text)} characters: {MAX_BYTES} are allowed")
    rows = [_Row(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not rows:
        raise RecordingError('the recording is empty: a first line with "format" is needed')
    head, *rest = rows
    device, anonymised = _header(head)
    return Recording(tuple(_entry(row) for row in rest), device, anonymised)


def _row(entry: Entry) -> dict[str, Any]:
    if isinstance(entry, Piece):
        return {"heard": entry.data.decode("latin-1"), "ms": entry.ms}
    pieces = [[piece.ms, piece.data.decode("latin-1")] for piece in entry.answer]
    gave_up = {} if entry.gave_up_ms is None else {"gave_up_ms": entry.gave_up_ms}
    return {"ask": entry.ask, "answer": pieces, **gave_up}


class _Row:
    """One line of the file; its errors name it."""

    def __init__(self, number: int, line: str) -> None:
        self.number = number
        try:
            self.values = json.loads(line)
        except (ValueError, RecursionError):
            raise self.wrong("text", line, "a JSON object") from None
        if not isinstance(self.values, dict):
            raise self.wrong("text", line, "a JSON object")

    def wrong(self, name: str, value: object, allowed: str) -> RecordingError:
        shown = repr(value)
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        return RecordingError(f"line {self.number}: {name} is {shown}: {allowed} is allowed")

    def only(self, *names: str) -> None:
        """Refuse fields that we do not know."""
        for name in self.values:
            if name not in names:
                raise self.wrong("a field", name, ", ".join(names))

    def milliseconds(self, name: str, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_MS:
            raise self.wrong(name, value, f"a whole number from 0 to {MAX_MS}")
        return value

    def data(self, name: str, value: object) -> bytes:
        try:
            if isinstance(value, str):
                return value.encode("latin-1")
        except UnicodeEncodeError:
            pass
        raise self.wrong(name, value, "text of characters up to \\u00ff")


def _header(row: _Row) -> tuple[dict[str, str], bool]:
    values = row.values
    if values.get("format") != FORMAT:
        raise row.wrong("format", values.get("format"), repr(FORMAT))
    version = values.get("version")
    if isinstance(version, int) and version > VERSION:
        raise row.wrong("version", version, f"up to {VERSION} (made by a newer modemfarm: update)")
    if version != VERSION:
        raise row.wrong("version", version, str(VERSION))
    row.only(*HEADER_FIELDS)
    device = values.get("device", {})
    if not isinstance(device, dict) or not all(isinstance(v, str) for v in device.values()):
        raise row.wrong("device", device, "an object of texts")
    if not isinstance(values.get("anonymised"), bool):
        raise row.wrong("anonymised", values.get("anonymised"), "true or false")
    return device, values["anonymised"]


def _entry(row: _Row) -> Entry:
    if "heard" in row.values:
        row.only("heard", "ms")
        ms = row.milliseconds("ms", row.values.get("ms"))
        return Piece(ms, row.data("heard", row.values["heard"]))
    row.only("ask", "answer", "gave_up_ms")
    ask = row.values.get("ask")
    if not isinstance(ask, str) or not re.fullmatch(rf"(?i:at)[ -~]{{0,{MAX_ASK}}}", ask):
        raise row.wrong("ask", ask, f"AT and up to {MAX_ASK} printable ASCII characters")
    gave_up = row.values.get("gave_up_ms")
    return Exchange(ask, _answer(row), None if gave_up is None
                    else row.milliseconds("gave_up_ms", gave_up))  # fmt: skip


def _answer(row: _Row) -> tuple[Piece, ...]:
    pieces = row.values.get("answer")
    if not isinstance(pieces, list):
        raise row.wrong("answer", pieces, "a list of [milliseconds, text]")
    found: list[Piece] = []
    for piece in pieces:
        if not isinstance(piece, list) or len(piece) != 2:
            raise row.wrong("a piece of the answer", piece, "[milliseconds, text]")
        ms = row.milliseconds("milliseconds of the answer", piece[0])
        if found and ms < found[-1].ms:
            raise row.wrong("milliseconds of the answer", ms, f"{found[-1].ms} or more")
        found.append(Piece(ms, row.data("text of the answer", piece[1])))
    return tuple(found)
