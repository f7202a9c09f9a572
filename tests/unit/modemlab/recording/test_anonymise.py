# SPDX-License-Identifier: GPL-3.0-or-later
"""Identities go, the bytes stay where they were."""

import re

from hypothesis import given
from hypothesis import strategies as st

from modemlab.modem.identity import luhn_digit, with_check_digit
from modemlab.recording.anonymise import anonymise
from modemlab.recording.format import Exchange, Piece, Recording

IMEI, IMSI, ICCID = "861234567890128", "262011234567890", "89490200001234567890"


def asked(command: str, *answers: str) -> Exchange:
    pieces = (Piece(index, text.encode()) for index, text in enumerate(answers))
    return Exchange(command, tuple(pieces))


CASE = Recording(
    (
        Piece(5, f'\r\n+CLIP: "01511234567",161\r\nRING {IMEI}\r\n'.encode()),
        asked("AT+CGSN", f"AT+CGSN\r\r\n{IMEI[:4]}", f"{IMEI[4:]}\r\n\r\nOK\r\n"),
        asked("AT+CIMI", f"\r\n{IMSI}\r\n\r\nOK\r\n"),
        asked("AT+QCCID", f"\r\n+QCCID: {ICCID}F\r\n\r\nOK\r\n"),
        asked("AT+CNUM", '\r\n+CNUM: ,"+491511234567",145\r\n\r\nOK\r\n'),
        asked("AT+COPS?", '\r\n+COPS: 0,2,"26201",7\r\n\r\nOK\r\n'),
        asked("ATI", f"\r\nRevision: X {IMEI}\r\n"),
    )
)


def data(recording: Recording) -> list[bytes]:
    return [e.data for e in recording.entries]


def test_nothing_of_the_owner_is_left() -> None:
    hidden = b"".join(data(anonymise(CASE)))
    for secret in (IMEI, IMSI, ICCID, "1511234567", IMEI[:14]):
        assert secret.encode() not in hidden


def test_lengths_times_and_the_rest_stay() -> None:
    hidden = anonymise(CASE)
    assert [len(d) for d in data(hidden)] == [len(d) for d in data(CASE)]
    assert b'+COPS: 0,2,"26201",7' in data(hidden)[5]
    split = hidden.exchanges[0].answer
    assert [(p.ms, len(p.data)) for p in split] == [(0, 14), (1, 19)]


def test_one_identity_has_one_new_name() -> None:
    hidden = anonymise(CASE)
    names = set(re.findall(rb"\d{15}", data(hidden)[0] + data(hidden)[1] + data(hidden)[6]))
    assert len(names) == 1
    assert hidden.identity["imsi"].startswith("26201")


def test_check_digits_are_right() -> None:
    identity = anonymise(CASE).identity
    for name in ("imei", "iccid"):
        assert luhn_digit(identity[name][:-1]) == identity[name][-1]


def test_an_imsi_with_a_check_digit_by_chance_keeps_its_network() -> None:
    imsi = with_check_digit("26203123456789")
    hidden = anonymise(Recording((asked("AT+CIMI", f"\r\n{imsi}\r\n"),)))
    assert hidden.identity["imsi"].startswith("26203")
    assert hidden.identity["imsi"] != imsi


def test_a_second_time_changes_nothing() -> None:
    hidden = anonymise(CASE)
    assert hidden.anonymised
    assert anonymise(hidden) is hidden


@given(st.lists(st.from_regex(rb'[0-9"+, ]{1,40}', fullmatch=True), max_size=5))
def test_lengths_never_change(texts: list[bytes]) -> None:
    case = Recording(tuple(Piece(0, text) for text in texts))
    assert [len(d) for d in data(anonymise(case))] == [len(text) for text in texts]
