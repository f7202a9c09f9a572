# SPDX-License-Identifier: GPL-3.0-or-later
"""The file: written and read back, and refused with words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemlab.recording.format import Exchange, Piece, Recording, RecordingError, dump, parse

HEADER = '{"format": "modemfarm-recording", "version": 1, "device": {}, "anonymised": false}\n'
PIECES = st.builds(Piece, st.integers(0, 10_000), st.binary(max_size=40))
EXCHANGES = st.builds(
    Exchange,
    st.sampled_from(["AT", "AT+CSQ", 'at+qcfg="band"']),
    st.lists(PIECES, max_size=4).map(lambda ps: tuple(sorted(ps, key=lambda p: p.ms))),
    st.none() | st.integers(0, 5000),
)
RECORDINGS = st.builds(
    Recording,
    st.lists(EXCHANGES | PIECES, max_size=6).map(tuple),
    st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3),
    st.booleans(),
)


@given(RECORDINGS)
def test_what_is_written_is_read_back(recording: Recording) -> None:
    assert parse(dump(recording)) == recording


def test_every_byte_is_readable_text() -> None:
    text = dump(Recording((Piece(1, bytes(range(256))),)))
    assert text.isascii()
    assert len(text.splitlines()) == 2


def test_identities() -> None:
    answer = (Piece(1, b"AT+CGSN\r\r\n8675840"), Piece(2, b"30000017\r\n\r\nOK\r\n"))
    recording = Recording((Exchange("at+cgsn", answer), Exchange("AT+CIMI", ())))
    assert recording.identity == {"imei": "867584030000017"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("no json", "line 2: text is 'no json': a JSON object is allowed"),
        ("[1]", "line 2: text is '[1]'"),
        ('{"heard": "x", "ms": "1"}', "line 2: ms is '1': a whole number from 0 to 3600000"),
        ('{"heard": "x", "ms": true}', "line 2: ms is True"),
        ('{"heard": "x"}', "line 2: ms is None"),
        ('{"heard": "€", "ms": 1}', "line 2: heard is '€': text of characters up to"),
        ('{"heard": "x", "ms": 1, "y": 2}', "line 2: a field is 'y': heard, ms is allowed"),
        ('{"ask": "AT", "answer": {}}', "line 2: answer is {}: a list of [milliseconds, text]"),
        ('{"ask": "AT", "answer": [[1]]}', "line 2: a piece of the answer is [1]"),
        ('{"ask": "AT", "answer": [[5, "x"], [4, "y"]]}', "is 4: 5 or more is allowed"),
        ('{"ask": "AT\\r", "answer": []}', "line 2: ask is 'AT\\r'"),
        ('{"ask": "rm -rf", "answer": []}', "line 2: ask is 'rm -rf': AT and up to"),
        ('{"answer": []}', "line 2: ask is None"),
        ('{"ask": "AT", "answer": [], "gave_up_ms": -1}', "line 2: gave_up_ms is -1"),
    ],
)
def test_damaged_lines_are_named(line: str, words: str) -> None:
    with pytest.raises(RecordingError) as caught:
        parse(HEADER + line + "\n")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 2}, "line 1: version is 2: up to 1 (made by a newer modemfarm: update)"),
        ({"version": "1"}, "line 1: version is '1': 1 is allowed"),
        ({"format": "other"}, "line 1: format is 'other': 'modemfarm-recording' is allowed"),
        ({"device": []}, "line 1: device is []"),
        ({"device": {"tty": 1}}, "line 1: device is {'tty': 1}: an object of texts"),
        ({"anonymised": None}, "line 1: anonymised is None: true or false"),
        ({"more": 1}, "line 1: a field is 'more'"),
    ],
)
def test_foreign_and_newer_headers(change: dict[str, object], words: str) -> None:
    with pytest.raises(RecordingError) as caught:
        parse(json.dumps(json.loads(HEADER) | change))
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["", "\n\n", "[" * 100_000])
def test_not_a_recording_at_all(text: str) -> None:
    with pytest.raises(RecordingError):
        parse(text)


@given(st.text(max_size=200))
def test_any_text_is_refused_or_read(text: str) -> None:
    try:
        recording = parse(HEADER + text)
    except RecordingError:
        return
    assert parse(dump(recording)) == recording
