# SPDX-License-Identifier: GPL-3.0-or-later
import struct

import pytest

from modemlab.usb import rndis

MAC = "02EC25000001"


def ask(kind: int, *fields: int) -> tuple[int, ...]:
    raw = struct.pack(f"<{3 + len(fields)}I", kind, 12 + 4 * len(fields), 9, *fields)
    answer = rndis.answer(raw, MAC)
    assert answer is not None
    assert struct.unpack_from("<I", answer, 4)[0] == len(answer)
    return struct.unpack_from("<4I", answer)


@pytest.mark.parametrize("kind", [rndis.INITIALIZE, rndis.SET, rndis.KEEPALIVE])
def test_requests_complete_with_success(kind: int) -> None:
    assert ask(kind)[0] == kind | rndis.COMPLETE
    assert ask(kind)[2:] == (9, 0)


def test_mac_is_told() -> None:
    raw = struct.pack("<4I", rndis.QUERY, 28, 9, rndis.OID_PERMANENT_ADDRESS) + bytes(12)
    answer = rndis.answer(raw, MAC)
    assert answer is not None
    length, offset = struct.unpack_from("<II", answer, 16)
    assert answer[8 + offset : 8 + offset + length].hex().upper() == MAC


def test_unknown_oid_is_refused() -> None:
    assert ask(rndis.QUERY, 0x12345678)[3] != 0


def test_noise_is_not_answered() -> None:
    assert rndis.answer(b"\x01", MAC) is None
    assert rndis.answer(struct.pack("<III", 99, 12, 1), MAC) is None
