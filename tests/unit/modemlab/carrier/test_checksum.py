# SPDX-License-Identifier: GPL-3.0-or-later
import random
import struct

from modemlab.carrier.checksum import adjust, checksum, delta, fold


def test_the_example_of_rfc_1071() -> None:
    assert checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xFFFF ^ 0xDDF2


def test_an_odd_length_is_padded_with_zero() -> None:
    assert checksum(b"\x01\x02\x03") == checksum(b"\x01\x02\x03\x00")


def test_fold_keeps_16_bits_and_the_remainder() -> None:
    for value in (0, 1, 0xFFFF, 0x10000, 0x1FFFE, 0xFFFFFFFF):
        assert 0 <= fold(value) <= 0xFFFF
        assert fold(value) % 0xFFFF == value % 0xFFFF


def test_adjust_equals_full_recomputation() -> None:
    rng = random.Random(1)  # noqa: S311 - repeatable test data
    for _ in range(2000):
        old, new, rest = rng.randbytes(4), rng.randbytes(4), rng.randbytes(rng.randrange(2, 40, 2))
        buffer = bytearray(struct.pack(">H", checksum(old + rest)))
        adjust(buffer, 0, delta(old, new))
        assert buffer == struct.pack(">H", checksum(new + rest))
