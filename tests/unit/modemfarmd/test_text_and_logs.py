# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing hostile reaches a terminal or the journal."""

import io
import logging

import pytest

from modemfarmd.logs import PlainFormatter
from modemfarmd.text import printable


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Vodafone.de", "Vodafone.de"),
        ("Türkcell", "Türkcell"),
        ("a\nb\r\x1b[2J\x00", "a\\x0ab\\x0d\\x1b[2J\\x00"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\U000e0001", "\\U000e0001"),
        ("\ud800", "\\ud800"),
        (None, "None"),
    ],
)
def test_printable(raw: object, shown: str) -> None:
    assert printable(raw) == shown


def test_long_text_is_cut() -> None:
    assert len(printable("x" * 1_000_000)) == 2003


def test_a_log_record_is_one_line_with_a_priority() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(PlainFormatter())
    logger = logging.Logger("modemfarm.test")
    logger.addHandler(handler)
    logger.warning("operator %s", "Evil\n<0>kernel: panic\x1b[0m")
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logger.exception("failed")
    lines = stream.getvalue().splitlines()
    assert lines[0] == "<4>modemfarm.test: operator Evil\\x0a<0>kernel: panic\\x1b[0m"
    assert all(line.startswith("<3>") for line in lines[1:])
    assert lines[1] == "<3>modemfarm.test: failed"
