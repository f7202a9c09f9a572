# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.pin.secret."""

import json
import pickle
from pathlib import Path

import pytest

from modemfarm.errors import InvalidValueError, SettingsError
from modemfarm.pin.secret import Pin, read_pins

ICCID = "89490200001234567890"


@pytest.mark.parametrize("digits", ["1234", "12345678", "0000"])
def test_a_pin(digits: str) -> None:
    assert Pin(digits).reveal() == digits


@pytest.mark.parametrize(
    "digits",
    ["123", "123456789", "12a4", "", " 1234", "1234\n", "\u0661\u0662\u0663\u0664", 1234, None],
)
def test_no_pin(digits: object) -> None:
    with pytest.raises(InvalidValueError) as caught:
        Pin(digits)
    assert str(digits) not in str(caught.value).replace("4 to 8", "") or not digits


def test_nothing_shows_a_pin() -> None:
    pin = Pin("4711")
    for text in (repr(pin), str(pin), f"{pin}", repr({"pin": pin}), repr(vars(Pin))):
        assert "4711" not in text
    with pytest.raises(TypeError):
        pickle.dumps(pin)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pins.json"


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_by_iccid_else_the_default(path: Path) -> None:
    pins = read_pins(write(path, json.dumps({ICCID: "4711", "default": "0815"})))
    mine, other = pins.of(ICCID), pins.of("89490200001234567891")
    assert mine is not None
    assert other is not None
    assert (mine.reveal(), other.reveal()) == ("4711", "0815")


def test_no_file_and_no_entry_is_no_pin(path: Path) -> None:
    assert read_pins(path).of(ICCID) is None
    assert read_pins(write(path, "{}")).of(ICCID) is None


@pytest.mark.parametrize(
    "text",
    ["", "4711", '["4711"]', '{"89490200001234567890": 4711}', '{"89490200001234567890": "4711"',
     '{"4711": "4711"}', '{"default": "471"}', '{"default": null}', "[" * 100_000],
)  # fmt: skip
def test_a_damaged_file(path: Path, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_pins(write(path, text))
    said = repr(caught.value) + str(caught.value) + repr(caught.value.__cause__)
    assert "4711" not in said.replace(str(path), "")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_a_file_that_others_may_read(path: Path, mode: int) -> None:
    with pytest.raises(SettingsError, match="may be read by others"):
        read_pins(write(path, "{}", mode))


def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    path.symlink_to(write(tmp_path / "other", "{}"))
    with pytest.raises(SettingsError, match="cannot read"):
        read_pins(path)
