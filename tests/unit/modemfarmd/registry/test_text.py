# SPDX-License-Identifier: GPL-3.0-or-later
"""Text from modems before it meets PostgreSQL."""

import json

from hypothesis import given
from hypothesis import strategies as st

from modemfarmd.registry.text import TEXT_LIMIT, as_json, storable


@given(st.text(st.characters()))
def test_whatever_a_modem_says_is_storable(text: str) -> None:
    stored = storable(text)
    assert stored is not None
    assert "\x00" not in stored
    stored.encode()


def test_an_answer_without_end_is_cut_and_none_stays_none() -> None:
    assert storable("x" * 99_999) == "x" * TEXT_LIMIT
    assert storable(None) is None
    assert as_json(None) is None


def test_documents_are_storable_at_every_depth() -> None:
    document = as_json({"a\x00": [1, None, ("\ud800", {"b": "\x00"})], 2: True})
    assert document is not None
    assert json.loads(document.dumps(document.adapted)) == {
        "a\\x00": [1, None, ["\\ud800", {"b": "\\x00"}]], "2": True
    }  # fmt: skip
