# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.identity refuses whatever is not plain."""

import pytest

from modemfarm import identity
from modemfarm.errors import InvalidValueError

BAD = ["", " ", "1\n", "٣" * 15, "../../etc/passwd", "a" * 5000, None, 5, "{{ 1 }}", 'x"y', "\0"]

CHECKS = {
    identity.check_serial: ["867584030000017"],
    identity.check_usb_path: ["1-1", "1-1.4.2", "12-15"],
    identity.check_iccid: ["89490200001234567890", "894902000012345678"],
    identity.check_imsi: ["262011234567890"],
    identity.check_apn: ["internet", "a", "web.vodafone.de", "m2m_x-1"],
    identity.check_interface: ["wwan0", "wwp0s20u1i4", "cdc-wdm15"],
    identity.check_device_id: ["0a" * 20],
}


@pytest.mark.parametrize(("check", "good"), CHECKS.items())
def test_good_values_come_back(check, good):
    for value in good:
        assert check(value) == value


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("bad", BAD)
def test_bad_values_are_refused_and_named(check, bad):
    with pytest.raises(InvalidValueError) as caught:
        check(bad, "thing")
    assert caught.value.message.startswith("thing is ")
    assert "allowed: " in str(caught.value)
    assert len(caught.value.message) < 120


@pytest.mark.parametrize(
    "bad", ["86758403000001", "8675840300000170", "86758403000001\n", "x" * 15]
)
def test_serial_is_exactly_fifteen_digits(bad):
    with pytest.raises(InvalidValueError):
        identity.check_serial(bad)


@pytest.mark.parametrize(
    "bad", ["1", "1-", "1-1.", "usb1", "1-1:1.0", "1-1/..", "1-1.1.1.1.1.1.1.1"]
)
def test_usb_path_is_a_device(bad):
    with pytest.raises(InvalidValueError):
        identity.check_usb_path(bad)
