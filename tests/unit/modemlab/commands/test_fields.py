# SPDX-License-Identifier: GPL-3.0-or-later
from typing import Any

import pytest

from modemlab.commands import fields as f
from modemlab.commands.fields import Field, FieldError, parse_fields

SPEC = (Field("modem", f.modems, required=True), Field("port", f.optional(f.integer(0, 9))))


def test_defaults_and_values() -> None:
    assert parse_fields(SPEC, {"modem": 3}) == {"modem": [3], "port": None}
    assert parse_fields(SPEC, {"modem": "all", "port": "7"}) == {"modem": None, "port": 7}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "modem is 'missing'"),
        ({"modem": 3, "prot": 1}, "field is 'prot': allowed is modem, port"),
        ({"modem": 0}, "modem is 0: allowed is numbers from 1 to 9999"),
        ({"modem": 1, "port": 10}, "port is 10: allowed is a whole number from 0 to 9"),
    ],
)
def test_errors_name_field_value_and_what_is_allowed(given: dict[str, Any], said: str) -> None:
    with pytest.raises(FieldError) as caught:
        parse_fields(SPEC, given)
    assert said in str(caught.value)


def test_a_huge_value_is_not_repeated_in_full() -> None:
    with pytest.raises(FieldError) as caught:
        parse_fields(SPEC, {"modem": "x" * 100000})
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, [3]),
        ("3", [3]),
        ([2, 1, 2], [2, 1]),
        ("1-3,7", [1, 2, 3, 7]),
        (["4-5", 9], [4, 5, 9]),
    ],
)
def test_numbers(value: object, expected: list[int]) -> None:
    assert f.numbers(1, 100)(value) == expected


@pytest.mark.parametrize(
    "value", [None, True, [], "", "x", "3-1", "0", "1-101", 1.5, [True], {"a": 1}, "1--2", "-1"]
)
def test_bad_numbers(value: object) -> None:
    with pytest.raises(ValueError, match="numbers from 1 to 100"):
        f.numbers(1, 100)(value)


@pytest.mark.parametrize(
    ("parse", "good", "expected"),
    [
        (f.interface4, "10.64.1.2/30", ("10.64.1.2", 30)),
        (f.interface6, "2001:db8::2/64", ("2001:db8::2", 64)),
        (f.address4, "10.1.1.1", "10.1.1.1"),
        (f.seconds(0, 10), 1, 1.0),
        (f.text(5), 0, "0"),
        (f.text(5), "", ""),
        (f.boolean, False, False),
        (f.addresses, [], ()),
        (f.addresses, "10.0.0.1,2001:DB8::1", ("10.0.0.1", "2001:db8::1")),
        (f.watched, {"3128": "10.64.1.2", "3129": None}, {3128: "10.64.1.2", 3129: None}),
        (f.watched, "3128-3129", {3128: None, 3129: None}),
    ],
)
def test_good_values(parse: f.Parser, good: object, expected: object) -> None:
    assert parse(good) == expected


@pytest.mark.parametrize(
    ("parse", "bad"),
    [
        (f.interface4, "10.64.1.2"),
        (f.interface4, "10.64.1.256/30"),
        (f.interface4, 5),
        (f.interface6, "10.64.1.2/30"),
        (f.address4, "10.1.1.1/8"),
        (f.seconds(0, 10), float("nan")),
        (f.seconds(0, 10), True),
        (f.seconds(0, 10), "1"),
        (f.text(5), "sixsix"),
        (f.text(5), "a\nb"),
        (f.text(5), True),
        (f.boolean, 1),
        (f.choice("a", "b"), "c"),
        (f.choice("a", "b"), ["a"]),
        (f.addresses, [1]),
        (f.addresses, ["nowhere"]),
        (f.mapping, []),
        (f.watched, {}),
        (f.watched, {"0": None}),
        (f.watched, {"3128": 5}),
        (f.integer(1, 5), True),
        (f.integer(1, 5), "1_0"),
    ],
)
def test_bad_values_are_refused_with_what_is_allowed(parse: f.Parser, bad: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse(bad)


def test_a_recording_is_read_and_its_faults_are_told() -> None:
    text = '{"format": "modemfarm-recording", "version": 1, "anonymised": true}\n'
    assert f.recording(text + '{"ask": "AT", "answer": []}').exchanges[0].ask == "AT"
    for wrong, said in ((1, "the text of a recording"), (text + "{}", "line 2: ask is None")):
        with pytest.raises(ValueError, match=said):
            f.recording(wrong)
