# SPDX-License-Identifier: GPL-3.0-or-later
import random

import pytest

from modemlab.qmi import codec

# Recorded from qmicli: CTL version info, and DMS get ids of client 1
CTL_VERSION = bytes.fromhex("01 0b00 00 00 00 00 01 2100 0000")
DMS_IDS = bytes.fromhex("01 0c00 00 02 01 00 0100 2500 0000")


def test_ctl_request() -> None:
    request = codec.decode(CTL_VERSION)
    assert (request.service, request.client, request.transaction) == (0, 0, 1)
    assert (request.message, request.tlvs) == (0x21, {})


def test_service_request() -> None:
    request = codec.decode(DMS_IDS)
    assert (request.service, request.client, request.message) == (2, 1, 0x25)


@pytest.mark.parametrize("service", [0, 3])
def test_encoded_answers_decode(service: int) -> None:
    tlvs = [codec.result(94), (0x10, b"abc")]
    frame = codec.encode(service, 5, codec.RESPONSE, 9, 0x24, tlvs)
    answer = codec.decode(frame)
    assert (answer.service, answer.client, answer.transaction) == (service, 5, 9)
    assert answer.tlvs == {2: b"\x01\x00\x5e\x00", 0x10: b"abc"}


@pytest.mark.parametrize(
    "frame",
    [b"", b"\x01", CTL_VERSION[:-1], CTL_VERSION + b"\x00", b"\x02" + CTL_VERSION[1:],
     CTL_VERSION[:-2] + b"\x05\x00"],
)  # fmt: skip
def test_bad_frames(frame: bytes) -> None:
    with pytest.raises(codec.BadFrameError):
        codec.decode(frame)


@pytest.mark.parametrize("data", [b"\x10", b"\x10\x05\x00ab"])
def test_cut_tlvs(data: bytes) -> None:
    with pytest.raises(codec.BadFrameError):
        codec.decode_tlvs(data)


def test_random_bytes_are_refused_or_read_never_worse() -> None:
    noise = random.Random(1)  # noqa: S311 - the same noise each time
    for _ in range(3000):
        raw = noise.randbytes(noise.randrange(40))
        frame = b"\x01" + (len(raw) + 2).to_bytes(2, "little") + raw
        try:
            codec.decode(frame)
        except codec.BadFrameError:
            continue


def test_splitter_joins_and_cuts() -> None:
    splitter = codec.FrameSplitter()
    stream = CTL_VERSION + DMS_IDS + CTL_VERSION
    found = [frame for i in range(0, len(stream), 5) for frame in splitter.feed(stream[i : i + 5])]
    assert found == [CTL_VERSION, DMS_IDS, CTL_VERSION]


def test_splitter_finds_the_next_frame_after_noise() -> None:
    assert codec.FrameSplitter().feed(b"\x00\xffAT\r" + DMS_IDS) == [DMS_IDS]
