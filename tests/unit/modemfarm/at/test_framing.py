# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.framing: examples for the grammar, Hypothesis for splits and garbage."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemfarm.at.framing import MAX_LINE, Framer

DIALOGUE = b"AT+CSQ\r\r\n+CSQ: 20,99\r\n\r\n+CREG: 1\r\n\r\nOK\r\n"
# Pieces that meet all paths: plain lines, line ends, spaces, NUL, high bytes, control characters.
PIECES = st.sampled_from(
    [b"\r", b"\n", b"\r\n", b" ", b"\0", b"OK", b"+CREG: 1", b"\xff", b"\x1b", b"\t", b"x" * 3000]
)


def lines_of(*chunks: bytes) -> list[str]:
    framer = Framer()
    return [line for chunk in chunks for line in framer.feed(chunk)]


def test_lines() -> None:
    assert lines_of(DIALOGUE) == ["AT+CSQ", "+CSQ: 20,99", "+CREG: 1", "OK"]


@given(st.lists(st.integers(0, len(DIALOGUE)), max_size=8))
def test_any_split_gives_the_same_lines(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(DIALOGUE)]
    chunks = [DIALOGUE[a:b] for a, b in pairwise(edges)]
    assert lines_of(*chunks) == lines_of(DIALOGUE)


@given(st.lists(PIECES, max_size=30))
def test_whole_or_byte_by_byte_the_lines_are_the_same(pieces: list[bytes]) -> None:
    data = b"".join(pieces) + b"\r\n"
    whole, single = Framer(), Framer()
    lines = whole.feed(data)
    assert [line for byte in data for line in single.feed(bytes([byte]))] == lines
    assert single.dropped == whole.dropped


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_garbage_never_breaks_what_follows(chunks: list[bytes]) -> None:
    framer = Framer()
    for chunk in chunks:
        for line in framer.feed(chunk):
            assert 0 < len(line) <= MAX_LINE
            assert "\0" not in line
    framer.feed(b"\r\n")
    assert framer.feed(DIALOGUE) == lines_of(DIALOGUE)


@given(st.integers(MAX_LINE, 5 * MAX_LINE), st.integers(1, 4096))
def test_an_endless_line_is_dropped_and_memory_is_bounded(length: int, step: int) -> None:
    framer = Framer()
    for start in range(0, length + 1, step):
        assert framer.feed(b"x" * min(step, length + 1 - start)) == []
        assert len(framer._rest) <= MAX_LINE
    assert framer.feed(b"\r\nOK\r\n") == ["OK"]
    assert framer.dropped == 1


@pytest.mark.parametrize("fill", [b"x", b"\xff"])
def test_a_long_line_that_comes_at_once_is_dropped_too(fill: bytes) -> None:
    framer = Framer()
    assert framer.feed(b"\r\n" + fill * (MAX_LINE + 1) + b"\r\nOK\r\n") == ["OK"]
    assert framer.dropped == 1
    assert len(framer.feed(b"x" * MAX_LINE + b"\r\n")[0]) == MAX_LINE


def test_control_characters_make_garbage_but_nul_and_high_bytes_do_not() -> None:
    framer = Framer()
    assert framer.feed(b'\x07O\x1bK\r\n\0\0OK\r\n+COPS: "\xff"\r\n') == ["OK", '+COPS: "\ufffd"']
    assert framer.dropped == 1
    assert framer.feed(b"\xc2\x9b31m\r\n") == []  # CSI as one character
    assert framer.dropped == 2


def test_spaces_around_a_line_are_not_part_of_it() -> None:
    assert lines_of(b"\r\n  OK \r\n \r\n+CSQ: 1,2\r\n") == ["OK", "+CSQ: 1,2"]
    assert lines_of(b" OK\r\n", b"OK ", b"\r") == ["OK", "OK"]


def test_prompt_only_when_it_stands_alone() -> None:
    framer = Framer()
    assert framer.feed(b"\r\n>") == []
    assert not framer.prompt()
    assert framer.feed(b" ") == []
    assert framer.prompt()
    assert not framer.prompt()
    assert framer.feed(b"> text\r\n") == ["> text"]
