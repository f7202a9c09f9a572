# SPDX-License-Identifier: GPL-3.0-or-later
"""Wanted settings of a modem: what is allowed, and that nothing else is."""

import pytest

from modemfarm.config.wanted import Wanted
from modemfarm.errors import InvalidValueError


def test_all_settings_are_kept():
    wanted = Wanted.from_dict(
        {
            "apn": "internet.example",
            "pdp_type": "IPV4V6",
            "operator": "26201",
            "scan_mode": "lte",
            "lte_bands": [20, 3, 3],
            "composition": "qmi",
            "pin": "0123",
        }
    )
    assert wanted.lte_bands == (3, 20)
    assert (wanted.apn, wanted.operator) == ("internet.example", "26201")
    assert wanted.pin.reveal() == "0123"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("apn", 'internet",1;+CFUN=0'),
        ("apn", ""),
        ("pdp_type", "IP"),  # alone
        ("operator", "2620"),
        ("operator", "\uff12\uff16\uff12\uff10\uff11"),
        ("operator", 26201),
        ("scan_mode", "5g"),
        ("lte_bands", []),
        ("lte_bands", [5]),
        ("lte_bands", [True]),
        ("lte_bands", "3"),
        ("composition", "ppp"),
        ("pin", "123"),
        ("pin", "12a4"),
        ("pin", 1234),
    ],
)
def test_bad_values_name_the_field(field, value):
    with pytest.raises(InvalidValueError, match=f"(?i)^{field}") as caught:
        Wanted.from_dict({field: value})
    assert caught.value.remedy.startswith("allowed: ")


def test_the_pin_is_never_shown():
    assert "4711" not in repr(Wanted.from_dict({"pin": "4711"}))
    with pytest.raises(InvalidValueError) as caught:
        Wanted.from_dict({"pin": "47 11"})
    assert "47 11" not in str(caught.value)


def test_nothing_to_do_is_a_mistake():
    with pytest.raises(InvalidValueError, match="nothing"):
        Wanted.from_dict({})
