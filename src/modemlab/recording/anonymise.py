# SPDX-License-Identifier: GPL-3.0-or-later
"""Identities in a recording replaced by others: of the same length, valid, and always the same.

IMEI, IMSI, ICCID and telephone numbers. Network, cells and addresses stay: they are what a field
case is about.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from modemlab.modem.identity import with_check_digit
from modemlab.recording.format import Entry, Exchange, Piece, Recording

# 89 is telecom (ITU-T E.118); 18 to 20 digits, with or without a check digit
ICCID = re.compile(rb"(?<!\d)89\d{16,18}(?!\d)")
FIFTEEN = re.compile(rb"(?<!\d)\d{15}(?!\d)")  # an IMEI or an IMSI
# A number in quotes with a plus, or before its type of address (3GPP TS 24.008 section 10.5.4.7)
NUMBER = re.compile(rb'"(\+\d{5,15})"|"(\d{5,15})"(?=,(?:129|145|161)\b)')
IMEI_STEM = "8675840399"  # not that of the lab's own modems
IMSI_KEPT = 5  # country and network: they decide what the modem does
ICCID_KEPT = 6
NUMBER_KEPT = 3  # the plus and a country code


class Names:
    """What each identity was replaced by. `imsis` are those that AT+CIMI told."""

    def __init__(self, imsis: set[bytes]) -> None:
        self.imsis = imsis
        self._given: dict[bytes, bytes] = {}

    def of(self, old: bytes, make: Callable[[str, int], str]) -> bytes:
        """The new name of `old`; `make(old, n)` makes the n-th one."""
        if old not in self._given:
            self._given[old] = make(old.decode(), len(self._given) + 1).encode()
        return self._given[old]


def anonymise(recording: Recording) -> Recording:
    """The same conversation with other identities. What is anonymised already stays."""
    if recording.anonymised:
        return recording
    names = Names(_imsis(recording))
    entries = tuple(_entry(entry, names) for entry in recording.entries)
    return replace(recording, entries=entries, anonymised=True)


def _imsis(recording: Recording) -> set[bytes]:
    asked = [e for e in recording.exchanges if e.ask.upper() == "AT+CIMI"]
    return {found for exchange in asked for found in FIFTEEN.findall(exchange.data)}


def _entry(entry: Entry, names: Names) -> Entry:
    if isinstance(entry, Piece):
        return replace(entry, data=_text(entry.data, names))
    return _exchange(entry, names)


def _exchange(exchange: Exchange, names: Names) -> Exchange:
    """The answer as a whole, cut where it was cut: an identity may span two pieces."""
    whole, pieces, start = _text(exchange.data, names), [], 0
    for piece in exchange.answer:
        end = start + len(piece.data)
        pieces.append(replace(piece, data=whole[start:end]))
        start = end
    return replace(exchange, answer=tuple(pieces))


def _text(data: bytes, names: Names) -> bytes:
    data = ICCID.sub(lambda m: names.of(m[0], _new_iccid), data)
    data = FIFTEEN.sub(
        lambda m: names.of(m[0], _new_imsi if m[0] in names.imsis else _new_imei), data
    )
    return NUMBER.sub(lambda m: b'"' + names.of(m[1] or m[2], _new_number) + b'"', data)


def _new_iccid(old: str, count: int) -> str:
    return with_check_digit(old[:ICCID_KEPT] + f"{count:0{len(old) - ICCID_KEPT - 1}d}")


def _new_imei(_old: str, count: int) -> str:
    return with_check_digit(f"{IMEI_STEM}{count:04d}")


def _new_imsi(old: str, count: int) -> str:
    return old[:IMSI_KEPT] + f"{count:010d}"


def _new_number(old: str, count: int) -> str:
    return old[:NUMBER_KEPT] + f"{count:0{len(old) - NUMBER_KEPT}d}"
