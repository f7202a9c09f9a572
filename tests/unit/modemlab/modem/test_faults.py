# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and values of faults. What each does is tested where it does it."""

import pytest

from modemlab.modem.faults import FAULTS, NO_FAULTS, Faults


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("silent", True, "all"),
        ("silent", "3", "3"),
        ("silent", 3, "3"),
        ("slow", "2.5", 2.5),
        ("garbage", "endless", "endless"),
        ("echo", "on", True),
        ("truncate", True, True),
        ("urc_in_answer", True, True),
        ("urc_flood", 20, 20.0),
        ("usb_serial", "0", "0"),
        ("usb_serial", "", ""),
        ("composition", "mbim", "mbim"),
        ("sim", "puk", "puk"),
        ("network", "denied", "denied"),
        ("vanish", "qmi", "qmi"),
        ("qmi_silent", True, True),
        ("data_dead", "true", True),
    ],
)
def test_allowed_values(name: str, value: object, kept: object) -> None:
    faults = Faults()
    faults.set(name, value)
    assert getattr(faults, name) == kept
    assert faults.active() == {name: kept}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("silent", "some"),
        ("silent", None),
        ("slow", -1),
        ("slow", True),
        ("slow", "fast"),
        ("slow", float("nan")),
        ("garbage", "a lot"),
        ("echo", "perhaps"),
        ("urc_flood", 501),
        ("usb_serial", 5),
        ("usb_serial", "x" * 127),
        ("composition", "ppp"),
        ("sim", "gone"),
        ("network", ""),
        ("vanish", "now"),
    ],
)
def test_refusal_says_what_is_allowed(name: str, value: object) -> None:
    faults = Faults()
    with pytest.raises(ValueError, match=rf"fault {name} is .*: .* is allowed"):
        faults.set(name, value)
    assert faults.active() == {}


def test_an_unknown_name_is_told_the_names() -> None:
    with pytest.raises(ValueError, match="no fault 'broken': silent, slow, "):
        Faults().set("broken", True)


def test_every_fault_is_declared_and_has_a_field() -> None:
    assert set(FAULTS) == set(NO_FAULTS)
    assert all(fault.description and "\n" not in fault.description for fault in FAULTS.values())


def test_changes_are_told_and_cleared() -> None:
    told: list[str] = []
    faults = Faults(on_change=told.append)
    faults.set("slow", 1)
    faults.set("sim", "missing")
    faults.clear()
    assert faults.active() == {}
    assert told == ["slow", "sim", "slow", "sim"]
