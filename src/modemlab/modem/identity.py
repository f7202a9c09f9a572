# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers printed on a modem and on its SIM, valid by their check digits."""

import re

# First ten digits of every virtual IMEI; the form is that of 3GPP TS 23.003 section 6.2.1.
IMEI_STEM = "8675840300"
ICCID_STEM = "894902000000"  # 89 telecom, 49 Germany, 02 issuer (ITU-T E.118)
HOME_PLMN = "26201"


def luhn_digit(digits: str) -> str:
    """The check digit that makes `digits` + digit pass the Luhn test (ISO/IEC 7812)."""
    total = 0
    for index, char in enumerate(reversed(digits)):
        value = int(char) * (2 if index % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def with_check_digit(digits: str) -> str:
    """`digits` followed by its Luhn digit."""
    return digits + luhn_digit(digits)


def default_imei(number: int) -> str:
    """15 digits, different for each modem number 1..9999."""
    return with_check_digit(f"{IMEI_STEM}{number:04d}")


def default_iccid(number: int) -> str:
    """19 digits, different for each modem number."""
    return with_check_digit(f"{ICCID_STEM}{number:06d}")


def default_imsi(number: int) -> str:
    """15 digits, home network 262/01."""
    return f"{HOME_PLMN}{number:010d}"


def swapped_bcd(digits: str) -> bytes:
    """Digits as a SIM stores them: two a byte, low nibble first, padded with F (TS 102 221)."""
    padded = digits + "F" * (len(digits) % 2)
    return bytes(int(padded[i + 1] + padded[i], 16) for i in range(0, len(padded), 2))


def require_digits(name: str, value: str, low: int, high: int) -> None:
    """Raise ValueError unless `value` is `low`..`high` ASCII digits."""
    if not re.fullmatch(rf"[0-9]{{{low},{high}}}", value):
        allowed = str(low) if low == high else f"{low} to {high}"
        raise ValueError(f"{name} is {value!r}: {allowed} digits are allowed")
