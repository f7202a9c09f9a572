# SPDX-License-Identifier: GPL-3.0-or-later
import pytest

from modemlab.modem import identity


def luhn_sum(digits: str) -> int:
    """The textbook form of the test: every second digit from the right doubled, digits added."""
    doubled = [int(d) * (1 + i % 2) for i, d in enumerate(reversed(digits))]
    return sum(value // 10 + value % 10 for value in doubled) % 10


@pytest.mark.parametrize("number", [1, 17, 9999])
def test_imei_and_iccid_pass_the_luhn_test(number: int) -> None:
    imei, iccid = identity.default_imei(number), identity.default_iccid(number)
    assert (len(imei), len(iccid)) == (15, 19)
    assert luhn_sum(imei) == luhn_sum(iccid) == 0


def test_a_known_imei_check_digit() -> None:
    assert identity.with_check_digit("49015420323751") == "490154203237518"  # 3GPP TS 22.016's


def test_identities_differ_between_modems() -> None:
    for make in (identity.default_imei, identity.default_iccid, identity.default_imsi):
        assert len({make(number) for number in range(1, 200)}) == 199


def test_bcd_is_swapped_and_padded() -> None:
    assert identity.swapped_bcd("12345") == bytes([0x21, 0x43, 0xF5])


def test_digits_are_required() -> None:
    with pytest.raises(ValueError, match="pin is '12a4': 4 to 8 digits"):
        identity.require_digits("pin", "12a4", 4, 8)
