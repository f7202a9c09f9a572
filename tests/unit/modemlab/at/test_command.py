# SPDX-License-Identifier: GPL-3.0-or-later
import pytest

from modemlab.at.command import arguments, integer
from modemlab.at.errors import AtError


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", [""]),
        ("1", ["1"]),
        ('1,"IP","a,b"', ["1", "IP", "a,b"]),
        ("1,,2", ["1", "", "2"]),
        ('"open', ["open"]),
    ],
)
def test_arguments(text: str, parts: list[str]) -> None:
    assert arguments(text) == parts


@pytest.mark.parametrize("text", ["", "x", "3", "-1", "1.0", "²"])
def test_numbers_out_of_range(text: str) -> None:
    with pytest.raises(AtError):
        integer(text, range(3))


def test_number() -> None:
    assert integer(" 2", range(3)) == 2
